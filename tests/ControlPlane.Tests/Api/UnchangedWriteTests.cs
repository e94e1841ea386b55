using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Coder.Mesh.ControlPlane.Tests.Api;

/// <summary>A write that finds everything as it asks for says so, and a repetition of it says the same.</summary>
public sealed class UnchangedWriteTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    private const string Field = "unchanged";

    // The order is one in which each finds something to change at its first call.
    private static readonly IMessage[] Writes =
    [
        new UpdateProviderRequest
        {
            Provider = "west",
            Details = new ProviderDetails { Region = "eu" },
            UpdateMask = FieldMask.FromString("details.region"),
        },
        new CordonProviderRequest { Provider = "west", Reason = "repairs" },
        new UncordonProviderRequest { Provider = "west" },
        new SetDefaultProviderRequest { Provider = "west" },
        new RenameProviderRequest { NewName = "east-1" },
        new AllowProviderRequest { Organization = "default", Provider = "west" },
        new DisallowProviderRequest { Organization = "default", Provider = "west" },
        new SetAccessUrlRequest { AccessUrl = "https://mesh.example.com" },
        new UpdateWorkspaceRequest
        {
            Workspace = "dev",
            Spec = new WorkspaceSpec { Cpu = "3" },
            UpdateMask = FieldMask.FromString("spec.cpu"),
        },
    ];

    // A name is nobody's once its provider has been renamed: this one is named by its id.
    private string _east = "";

    [Fact]
    public void Every_response_that_can_say_it_has_a_case()
    {
        var can = Responses().Where(r => r.FindFieldByName(Field) is not null).Select(r => r.Name).Order();

        Assert.Equal(Writes.Select(w => w.Descriptor.Name.Replace("Request", "Response")).Order(), can);
    }

    [Fact]
    public async Task The_first_call_changes_something_and_the_second_says_that_nothing_changed()
    {
        await using var plane = await Prepared();
        foreach (var write in Writes)
        {
            var first = await Call(plane, write);
            var second = await Call(plane, write);

            Assert.True((false, true) == (Unchanged(first), Unchanged(second)), write.Descriptor.Name);
            Assert.Equal(Etag(first), Etag(second));
        }
    }

    [Fact]
    public async Task A_repetition_says_what_the_first_call_said()
    {
        await using var plane = await Prepared();
        foreach (var write in Writes)
        {
            var (changing, idle) = (WithId(write, "a"), WithId(write, "b"));
            bool[] said =
            [
                Unchanged(await Call(plane, changing)),
                Unchanged(await Call(plane, idle)),
                Unchanged(await Call(plane, changing)),
                Unchanged(await Call(plane, idle)),
            ];

            Assert.True(said is [false, true, false, true], $"{write.Descriptor.Name}: {string.Join(", ", said)}");
        }
    }

    private async Task<TestControlPlane> Prepared()
    {
        var plane = await TestControlPlane.Start(Postgres, Ct);
        var (_, token) = await plane.BuiltIn(Ct);
        using var agent = await TestAgent.Attach(plane, token, Ct);
        await agent.Snapshot(Ct);
        await plane.CreateWorkspace("dev", Ct);
        await plane.CreateProvider("west", Ct);
        (_east, _) = await plane.CreateProvider("east", Ct);
        return plane;
    }

    private static IMessage WithId(IMessage write, string suffix)
    {
        var copy = write.Descriptor.Parser.ParseFrom(write.ToByteArray());
        copy.Descriptor.FindFieldByName("request_id").Accessor.SetValue(copy, $"{write.Descriptor.Name}-{suffix}");
        return copy;
    }

    private static bool Unchanged(IMessage response) =>
        (bool)response.Descriptor.FindFieldByName(Field).Accessor.GetValue(response);

    private static string Etag(IMessage response)
    {
        var resource = (IMessage)response.Descriptor.FindFieldByNumber(1).Accessor.GetValue(response);
        return (string)resource.Descriptor.FindFieldByName("etag").Accessor.GetValue(resource);
    }

    private static IEnumerable<MessageDescriptor> Responses() =>
        new[]
        {
            ProviderService.Descriptor,
            OrganizationService.Descriptor,
            WorkspaceService.Descriptor,
            DeploymentService.Descriptor,
        }
            .SelectMany(s => s.Methods)
            .Select(m => m.OutputType);

    private async Task<IMessage> Call(TestControlPlane plane, IMessage request)
    {
        var options = new CallOptions(plane.Admin, cancellationToken: Ct);
        return request switch
        {
            UpdateProviderRequest r => await plane.Providers.UpdateProviderAsync(r, options),
            CordonProviderRequest r => await plane.Providers.CordonProviderAsync(r, options),
            UncordonProviderRequest r => await plane.Providers.UncordonProviderAsync(r, options),
            SetDefaultProviderRequest r => await plane.Providers.SetDefaultProviderAsync(r, options),
            RenameProviderRequest r => await plane.Providers.RenameProviderAsync(
                new RenameProviderRequest(r) { Provider = _east },
                options
            ),
            AllowProviderRequest r => await plane.Organizations.AllowProviderAsync(r, options),
            DisallowProviderRequest r => await plane.Organizations.DisallowProviderAsync(r, options),
            SetAccessUrlRequest r => await plane.Deployment.SetAccessUrlAsync(r, options),
            UpdateWorkspaceRequest r => await plane.Workspaces.UpdateWorkspaceAsync(r, options),
            _ => throw new ArgumentException(request.Descriptor.Name, nameof(request)),
        };
    }
}
