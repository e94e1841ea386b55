using System.Net;
using System.Text.Json.Nodes;
using Coder.Mesh.ControlPlane.Api.Json;
using Coder.Mesh.ControlPlane.Tests.Api;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Postgres;
using Google.Api;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using Microsoft.OpenApi;
using Microsoft.OpenApi.Reader;
using OpenApiDocument = Coder.Mesh.ControlPlane.Api.Json.OpenApiDocument;

namespace Coder.Mesh.ControlPlane.Tests.Api.Json;

/// <summary>The OpenAPI document says what the protos say: no less and no more.</summary>
public sealed class OpenApiTests(PostgresFixture postgres) : JsonTestBase(postgres)
{
    private static readonly List<MethodDescriptor> Methods =
    [
        .. typeof(ProtocolVersion)
            .Assembly.GetTypes()
            .Where(t => t.Namespace == "Coder.Mesh.V1" && t.Name.EndsWith("Reflection", StringComparison.Ordinal))
            .Select(t => (FileDescriptor)t.GetProperty("Descriptor")!.GetValue(null)!)
            .SelectMany(f => f.Services)
            .SelectMany(s => s.Methods),
    ];

    [Fact]
    public async Task The_document_is_valid_and_open_to_everybody()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var response = await Http.GetAsync(new Uri(plane.JsonAddress + OpenApiDocument.Path), Ct);
        await using var body = await response.Content.ReadAsStreamAsync(Ct);

        var (document, diagnostic) = await Microsoft.OpenApi.OpenApiDocument.LoadAsync(
            body,
            "json",
            new OpenApiReaderSettings(),
            Ct
        );

        Assert.Equal(
            (HttpStatusCode.OK, "application/json"),
            (response.StatusCode, response.Content.Headers.ContentType?.MediaType)
        );
        Assert.Equal((0, 0), (diagnostic!.Errors.Count, diagnostic.Warnings.Count));
        Assert.Equal(OpenApiSpecVersion.OpenApi3_0, diagnostic.SpecificationVersion);
        Assert.Equal(Methods.Count, document!.Paths.Sum(p => p.Value.Operations!.Count));
        var ids = document.Paths.SelectMany(p => p.Value.Operations!.Values).Select(o => o.OperationId).ToList();
        Assert.Equal(ids.Count, ids.Distinct().Count());
    }

    [Fact]
    public async Task Every_method_is_an_operation_with_every_field_of_its_request_and_answer_and_no_other()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var document = (await Send(plane, "GET", OpenApiDocument.Path, token: "")).Body!;
        Assert.True(Methods.Count > 30);

        foreach (var method in Methods)
        {
            var route = JsonRoute.Of(method, method.GetOptions().GetExtension(AnnotationsExtensions.Http));
            var operation = document["paths"]!
                .AsObject()
                .Where(p => p.Key.Count(c => c == '/') == route.Template.Count(c => c == '/'))
                .Select(p => p.Value![route.HttpMethod.ToLowerInvariant()])
                .Single(o => (string?)o?["operationId"] == method.Name)!;

            Assert.Equal(
                (method.Name, string.Join(", ", Names(method.InputType))),
                (method.Name, string.Join(", ", Sent(document, operation)))
            );
            Assert.NotEmpty((string?)operation["description"] ?? "");
            var answer = operation["responses"]!["200"]!["content"]!["application/json"]!["schema"]!;
            CheckMessage(document, answer, method.OutputType, []);
            foreach (var field in method.InputType.Fields.InDeclarationOrder().Where(f => IsOwn(f)))
                CheckMessage(document, ItemOf(Property(document, operation, field)), field.MessageType, []);
        }
    }

    [Fact]
    public async Task A_schema_stands_for_each_kind_of_field_as_protobuf_writes_it()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var document = (await Send(plane, "GET", OpenApiDocument.Path, token: "")).Body!;
        var workspace = document["components"]!["schemas"]!["Workspace"]!["properties"]!;
        var read = await Send(plane, "GET", "/v1/providers/built-in");
        var known = document["components"]!["schemas"]!["Provider"]!["properties"]!.AsObject().Select(p => p.Key);

        Assert.Equal(
            ("string", "uint64"),
            ((string)workspace["generation"]!["type"]!, (string)workspace["generation"]!["format"]!)
        );
        Assert.Equal("date-time", (string)workspace["createTime"]!["format"]!);
        Assert.Contains(
            "WORKSPACE_STATE_RUNNING",
            document["components"]!["schemas"]!["WorkspaceState"]!["enum"]!.AsArray().Select(v => (string)v!)
        );
        Assert.Empty(read.Body!["provider"]!.AsObject().Select(p => p.Key).Except(known));
        Assert.Contains("RFC 1123", (string)workspace["name"]!["description"]!, StringComparison.Ordinal);
    }

    private static IEnumerable<string> Names(MessageDescriptor type) =>
        type.Fields.InDeclarationOrder().Select(f => f.JsonName).Order(StringComparer.Ordinal);

    /// <summary>What an operation takes, wherever it is.</summary>
    private static IEnumerable<string> Sent(JsonNode document, JsonNode operation)
    {
        var parameters = operation["parameters"]?.AsArray().Select(p => (string)p!["name"]!) ?? [];
        var body = operation["requestBody"]?["content"]!["application/json"]!["schema"];
        var properties = body is null ? [] : Resolve(document, body)["properties"]!.AsObject().Select(p => p.Key);
        return parameters.Concat(properties).Order(StringComparer.Ordinal);
    }

    private static JsonNode Property(JsonNode document, JsonNode operation, FieldDescriptor field) =>
        Resolve(document, operation["requestBody"]!["content"]!["application/json"]!["schema"]!)["properties"]![
            field.JsonName
        ]!;

    private static void CheckMessage(JsonNode document, JsonNode schema, MessageDescriptor type, HashSet<string> seen)
    {
        if (!seen.Add(type.FullName))
            return;
        var properties = Resolve(document, schema)["properties"]!;
        Assert.Equal(
            (type.FullName, string.Join(", ", Names(type))),
            (type.FullName, string.Join(", ", properties.AsObject().Select(p => p.Key).Order(StringComparer.Ordinal)))
        );
        foreach (var field in type.Fields.InDeclarationOrder().Where(f => IsOwn(f)))
            CheckMessage(document, ItemOf(properties[field.JsonName]!), field.MessageType, seen);
    }

    private static bool IsOwn(FieldDescriptor field) =>
        field is { FieldType: FieldType.Message, IsMap: false }
        && field.MessageType.File.Package != Timestamp.Descriptor.File.Package;

    private static JsonNode ItemOf(JsonNode schema) => schema["items"] ?? schema;

    private static JsonNode Resolve(JsonNode document, JsonNode schema)
    {
        var reference = (string?)(schema["$ref"] ?? schema["allOf"]?[0]?["$ref"]);
        return reference is null ? schema : document["components"]!["schemas"]![reference.Split('/')[^1]]!;
    }
}
