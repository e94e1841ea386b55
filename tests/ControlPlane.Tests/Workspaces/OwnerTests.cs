using Coder.Mesh.ControlPlane.Tests.Api.Json;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.ControlPlane.Tests.Rules;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Grpc.Core;

namespace Coder.Mesh.ControlPlane.Tests.Workspaces;

/// <summary>A name means the caller's own workspace, or that of the owner whom a request names.</summary>
public sealed class OwnerTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    [Fact]
    public async Task Every_request_that_names_a_workspace_can_name_its_owner()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        await mesh.BuiltInReady();
        var own = await Place(mesh, owner: "");
        var other = await Place(mesh, owner: "jo");
        Assert.Equal(("dev", "dev"), (own.Name, other.Name));

        foreach (
            var method in WorkspaceService.Descriptor.Methods.Where(m =>
                m.InputType.FindFieldByName("workspace") is not null
            )
        )
        {
            // There the owner is a filter, and has been since before names could be another's.
            if (method.IsServerStreaming)
                continue;
            Assert.Equal((method.Name, own.Id), (method.Name, await Meant(mesh.Plane, method.Name, "")));
            Assert.Equal((method.Name, other.Id), (method.Name, await Meant(mesh.Plane, method.Name, "jo")));
        }
    }

    [Fact]
    public async Task Who_has_none_of_that_name_is_named_in_the_error()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);

        var error = await Assert.ThrowsAsync<RpcException>(async () =>
            await mesh.Plane.Workspaces.GetWorkspaceAsync(
                new()
                {
                    Workspace = "dev",
                    Organization = "default",
                    Owner = "jo",
                },
                mesh.Plane.Admin,
                cancellationToken: Ct
            )
        );

        Assert.Equal(
            "There is no workspace \"dev\" of user \"jo\" in organization \"default\"; \"mesh workspaces ls\" lists them.",
            error.Status.Detail
        );
    }

    [Fact]
    public async Task Where_an_organization_must_be_named_those_that_there_are_are_listed()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        await mesh.BuiltInReady();
        await mesh.Organization("tools");
        await mesh.Organization("acme");

        var error = await Assert.ThrowsAsync<RpcException>(() => mesh.Place("dev", organization: ""));

        Assert.Equal("ORGANIZATION_AMBIGUOUS", Reason(error));
        Assert.Contains(
            "there are several organizations: acme, default, tools",
            error.Status.Detail,
            StringComparison.Ordinal
        );
    }

    private static async Task<Workspace> Place(Rules.Mesh mesh, string owner) =>
        (
            await mesh.Plane.Workspaces.CreateWorkspaceAsync(
                new()
                {
                    Name = "dev",
                    Owner = owner,
                    Spec = TestControlPlane.Spec(),
                },
                mesh.Plane.Admin,
                cancellationToken: Ct
            )
        ).Workspace;

    /// <returns>Id of the workspace that was meant; a refusal tells it by its message.</returns>
    private static async Task<string> Meant(TestControlPlane plane, string method, string owner)
    {
        var (calls, admin) = (plane.Workspaces, plane.Admin);
        return method switch
        {
            "GetWorkspace" => (await calls.GetWorkspaceAsync(new() { Workspace = "dev", Owner = owner }, admin))
                .Workspace
                .Id,
            "StartWorkspace" => (await calls.StartWorkspaceAsync(new() { Workspace = "dev", Owner = owner }, admin))
                .Workspace
                .Id,
            "StopWorkspace" => (await calls.StopWorkspaceAsync(new() { Workspace = "dev", Owner = owner }, admin))
                .Workspace
                .Id,
            "RestartWorkspace" => (await calls.RestartWorkspaceAsync(new() { Workspace = "dev", Owner = owner }, admin))
                .Workspace
                .Id,
            "UpdateWorkspace" => (
                await calls.UpdateWorkspaceAsync(
                    new()
                    {
                        Workspace = "dev",
                        Owner = owner,
                        OwnerEmail = "jo@example.com",
                        UpdateMask = new() { Paths = { "owner_email" } },
                    },
                    admin
                )
            ).Workspace.Id,
            "ListTimeline" => await OfTimeline(plane, owner),
            "AbandonWorkspace" => await OfRefusal(plane, owner),
            "DeleteWorkspace" => await Deleted(plane, owner),
            _ => throw new ArgumentOutOfRangeException(nameof(method), method, "is new: name the owner here too"),
        };
    }

    private static async Task<string> OfTimeline(TestControlPlane plane, string owner)
    {
        var items = (
            await plane.Workspaces.ListTimelineAsync(new() { Workspace = "dev", Owner = owner }, plane.Admin)
        ).Items;
        var created = Assert.Single(items, i => i.Entry.Stage == TimelineStage.Created).Entry.Time;
        var all = (await plane.Workspaces.ListWorkspacesAsync(new(), plane.Admin)).Workspaces;
        // Both times are of the same moment, by the clocks of the process and of the database.
        return all.MinBy(w => (w.CreateTime.ToDateTimeOffset() - created.ToDateTimeOffset()).Duration())!.Id;
    }

    private static async Task<string> OfRefusal(TestControlPlane plane, string owner)
    {
        var call = plane.Workspaces.AbandonWorkspaceAsync(
            new()
            {
                Workspace = "dev",
                Owner = owner,
                Reason = "gone",
            },
            plane.Admin
        );
        Assert.Equal("WORKSPACE_NOT_STUCK", await call.ResponseAsync.Answer());
        return (await plane.Workspaces.GetWorkspaceAsync(new() { Workspace = "dev", Owner = owner }, plane.Admin))
            .Workspace
            .Id;
    }

    private static async Task<string> Deleted(TestControlPlane plane, string owner)
    {
        var deleted = await plane.Workspaces.DeleteWorkspaceAsync(
            new() { Workspace = "dev", Owner = owner },
            plane.Admin
        );
        Assert.Equal(WorkspaceState.Deleting, deleted.Workspace.State);
        return deleted.Workspace.Id;
    }
}
