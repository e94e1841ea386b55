using System.Collections;
using System.Text.Json.Nodes;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.V1;
using Google.Api;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;

namespace Coder.Mesh.ControlPlane.Tests.Api;

/// <summary>
/// The methods that read one kind of resource, found by their names: <c>GetX</c>, <c>ListXs</c> and perhaps
/// <c>WatchXs</c>.
/// </summary>
internal sealed record ResourceReader(MethodDescriptor Get, MethodDescriptor List, MethodDescriptor? Watch)
{
    private static readonly Marshaller<byte[]> Bytes = Marshallers.Create(b => b, b => b);

    public string Name => Get.Name["Get".Length..];

    /// <summary>Of every resource that the API both lists and reads alone.</summary>
    public static IReadOnlyList<ResourceReader> All { get; } =
    [
        .. new[]
        {
            ProviderServiceReflection.Descriptor,
            WorkspaceServiceReflection.Descriptor,
            OrganizationServiceReflection.Descriptor,
            DeploymentServiceReflection.Descriptor,
        }
            .SelectMany(file => file.Services)
            .SelectMany(service => service.Methods)
            .Where(m => m.Name.StartsWith("Get", StringComparison.Ordinal))
            .Select(get => (Get: get, List: Method(get, "List"), Watch: Method(get, "Watch")))
            .Where(m => m.List is not null)
            .Select(m => new ResourceReader(m.Get, m.List!, m.Watch)),
    ];

    public async Task<IMessage> One(TestControlPlane plane, string id) => Only(await Call(plane, Get, Naming(Get, id)));

    /// <returns>The one with that id, and where a watch goes on.</returns>
    public async Task<(IMessage Resource, string ResumeToken)> Listed(TestControlPlane plane, string id)
    {
        var page = await Call(plane, List, Empty(List.InputType));
        var token = page.Descriptor.FindFieldByName("resume_token") is { } field ? Text(page, field.Name) : "";
        return (Items(page).Single(i => Text(i, "id") == id), token);
    }

    /// <returns>What the watch tells of it as of the version that is there now.</returns>
    public async Task<IMessage> Watched(TestControlPlane plane, string resumeToken, IMessage now, CancellationToken ct)
    {
        var request = Empty(Watch!.InputType);
        request.Descriptor.FindFieldByName("resume_token").Accessor.SetValue(request, resumeToken);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        using var call = plane
            .Channel.CreateCallInvoker()
            .AsyncServerStreamingCall(
                Grpc(Watch, MethodType.ServerStreaming),
                null,
                new CallOptions(plane.Admin, cancellationToken: limit.Token),
                request.ToByteArray()
            );
        while (await call.ResponseStream.MoveNext(ct))
        {
            var told = Watch.OutputType.Parser.ParseFrom(call.ResponseStream.Current);
            if (
                Field(told, Name) is IMessage resource
                && Text(resource, "id") == Text(now, "id")
                && Field(resource, "ResourceVersion")!.Equals(Field(now, "ResourceVersion"))
            )
                return resource;
        }
        throw new InvalidOperationException("The watch has ended.");
    }

    /// <summary>The path of its JSON.</summary>
    public string Path(string id) => Rule(Get).Replace($"{{{Name.ToLowerInvariant()}}}", id, StringComparison.Ordinal);

    public string ListPath => Rule(List);

    /// <summary>The list of a JSON answer, by the one field of the message that is one.</summary>
    public JsonArray Items(JsonNode answer) =>
        answer[List.OutputType.Fields.InDeclarationOrder().Single(f => f.IsRepeated).JsonName]!.AsArray();

    public IMessage Parsed(JsonNode json) =>
        JsonParser.Default.Parse(json.ToJsonString(), Get.OutputType.Fields.InDeclarationOrder().Single().MessageType);

    /// <summary>
    /// Fields that have no value, of the message and of those in it; one of several has it for all of them.
    /// </summary>
    public static IEnumerable<string> Unset(params IReadOnlyList<IMessage> messages)
    {
        foreach (var field in messages[0].Descriptor.Fields.InFieldNumberOrder())
        {
            var values = messages.Select(m => field.Accessor.GetValue(m)).ToList();
            if (messages.All(m => IsDefault(field, m)))
                yield return field.FullName;
            else if (field is { FieldType: FieldType.Message, IsMap: false })
                foreach (var inner in Unset([.. values.SelectMany(Messages)]))
                    yield return inner;
        }
    }

    private static IEnumerable<IMessage> Messages(object? value) =>
        value switch
        {
            IMessage one => [one],
            IEnumerable several => several.OfType<IMessage>(),
            _ => [],
        };

    private static bool IsDefault(FieldDescriptor field, IMessage message)
    {
        var value = field.Accessor.GetValue(message);
        // Seconds and nanoseconds of a time are no fields of ours.
        return field.HasPresence && field.FieldType != FieldType.Message ? !field.Accessor.HasValue(message)
            : message.Descriptor.File.Package == "google.protobuf" ? false
            : value is IList or IDictionary ? ((ICollection)value).Count == 0
            : value is IMessage inner ? inner.CalculateSize() == 0
            : value is null or "" || (value is ValueType && value.Equals(Activator.CreateInstance(value.GetType())));
    }

    private static MethodDescriptor? Method(MethodDescriptor get, string verb) =>
        get.Service.Methods.SingleOrDefault(m => m.Name == $"{verb}{get.Name["Get".Length..]}s");

    private static async Task<IMessage> Call(TestControlPlane plane, MethodDescriptor method, IMessage request)
    {
        var answer = await plane
            .Channel.CreateCallInvoker()
            .AsyncUnaryCall(Grpc(method, MethodType.Unary), null, new CallOptions(plane.Admin), request.ToByteArray());
        return method.OutputType.Parser.ParseFrom(answer);
    }

    private static Method<byte[], byte[]> Grpc(MethodDescriptor method, MethodType type) =>
        new(type, method.Service.FullName, method.Name, Bytes, Bytes);

    private static IMessage Naming(MethodDescriptor method, string id)
    {
        var request = Empty(method.InputType);
        method.InputType.FindFieldByName(method.Name["Get".Length..].ToLowerInvariant()).Accessor.SetValue(request, id);
        return request;
    }

    private static IMessage Empty(MessageDescriptor type) => type.Parser.ParseFrom(ByteString.Empty);

    private static IMessage Only(IMessage answer) =>
        (IMessage)answer.Descriptor.Fields.InDeclarationOrder().Single().Accessor.GetValue(answer);

    private static IEnumerable<IMessage> Items(IMessage page) =>
        (
            (IEnumerable)page.Descriptor.Fields.InDeclarationOrder().Single(f => f.IsRepeated).Accessor.GetValue(page)
        ).Cast<IMessage>();

    private static object? Field(IMessage message, string property) =>
        message
            .Descriptor.Fields.InDeclarationOrder()
            .Single(f => f.PropertyName == property)
            .Accessor.GetValue(message);

    private static string Text(IMessage message, string field) =>
        (string)message.Descriptor.FindFieldByName(field).Accessor.GetValue(message);

    private static string Rule(MethodDescriptor method) =>
        method.GetOptions().GetExtension(AnnotationsExtensions.Http).Get;
}
