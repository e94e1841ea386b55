using Coder.Mesh.ControlPlane.Tests.Api.Json;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.ControlPlane.Tests.Rules;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Grpc.Core;
using Frame = Coder.Mesh.Agent.V1.ConnectResponse.FrameOneofCase;

namespace Coder.Mesh.ControlPlane.Tests.Orphans;

public sealed class OrphanAdoptionTests(PostgresFixture postgres) : OrphanTestBase(postgres)
{
    [Fact]
    public async Task R11_an_adopted_orphan_is_applied_one_generation_up_and_nothing_of_it_is_removed()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await AttachBuiltIn(plane);
        var id = NewId();
        var held = Held(agent, id, 7);
        await Exchange(agent, held);

        var adopted = await Adopt(plane, id);
        var desired = (await agent.Next(Frame.WorkspaceDesired, Ct)).WorkspaceDesired;
        await agent.Observe(id, 8, WorkspaceState.Running, Ct);
        await UntilState(plane, "dev", WorkspaceState.Running);
        var told = await Exchange(agent, Held(agent, id, 8));

        Assert.Equal(
            ("dev", "default", "built-in", 8ul, WorkspaceDesiredState.Running, held.Held.Spec),
            (
                adopted.Name,
                adopted.Organization,
                adopted.Provider,
                adopted.Generation,
                adopted.DesiredState,
                adopted.Spec
            )
        );
        Assert.Equal(
            (id, 8ul, WorkspacePower.Running, "dev", "fast", held.Held.Spec),
            (desired.WorkspaceId, desired.Generation, desired.Power, desired.Name, desired.StorageClass, desired.Spec)
        );
        Assert.Empty(told);
        Assert.Empty((await List(plane)).Orphans);
        Assert.Equal(0, (await plane.Provider("built-in", Ct)).Orphans);
    }

    [Fact]
    public async Task An_adopted_orphan_is_what_the_request_says_of_it()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await AttachBuiltIn(plane);
        var id = NewId();
        await Exchange(agent, Held(agent, id, 7));

        var adopted = await Adopt(
            plane,
            id,
            r =>
            {
                r.Name = "mine";
                r.Organization = "default";
                r.Spec = new WorkspaceSpec { Cpu = "2" };
            }
        );

        Assert.Equal(
            ("mine", "2", "1Gi", "5Gi", "example/image:1"),
            (adopted.Name, adopted.Spec.Cpu, adopted.Spec.Memory, adopted.Spec.Disk, adopted.Spec.Image)
        );
    }

    [Fact]
    public async Task An_adopted_orphan_is_of_the_owner_named_and_is_not_restarted_for_a_restart_of_before()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await AttachBuiltIn(plane);
        var id = NewId();
        var held = Held(agent, id, 7);
        held.Held.RestartGeneration = 5;
        await Exchange(agent, held);

        var adopted = await Adopt(plane, id, r => (r.Owner, r.OwnerEmail) = ("ann", "ann@example.com"));
        var desired = (await agent.Next(Frame.WorkspaceDesired, Ct)).WorkspaceDesired;

        Assert.Equal(("ann", "ann@example.com"), (adopted.Owner, adopted.OwnerEmail));
        Assert.Equal((8ul, 5ul), (desired.Generation, desired.RestartGeneration));
    }

    [Fact]
    public async Task What_an_agent_of_an_older_version_does_not_tell_must_be_said()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await AttachBuiltIn(plane);
        var id = NewId();
        await Exchange(agent, agent.Observation(id, 7, WorkspaceState.Running));

        var refused = await Assert.ThrowsAsync<RpcException>(() => Adopt(plane, id));
        var adopted = await Adopt(
            plane,
            id,
            r =>
            {
                r.Name = "dev";
                r.Spec = TestControlPlane.Spec();
            }
        );

        Assert.Equal(["name", "spec.image", "spec.cpu", "spec.memory", "spec.disk"], Fields(refused));
        Assert.Equal((8ul, TestControlPlane.Spec()), (adopted.Generation, adopted.Spec));
    }

    [Fact]
    public async Task An_organization_adopts_only_where_it_is_allowed()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct, "west");
        await mesh.Organization("science");
        var agent = mesh.Agent("west");
        var id = NewId();
        await Exchange(agent, Held(agent, id, 7));
        Task<Workspace> AdoptIt(string organization) =>
            Adopt(mesh.Plane, id, r => (r.Provider, r.Organization) = ("west", organization));

        Assert.Equal(["NOT_ALLOWED"], await AdoptIt("science").Causes());
        Assert.Equal(ErrorReasons.OrganizationNotFound, await AdoptIt("nobody").Answer());
        await mesh.Allow("science", "west");
        // What is there already isn't placed: neither of these is a reason against it.
        await mesh.Cordon("west");
        await agent.Heartbeat(Ct, TestAgent.Unreachable());

        Assert.Equal("ok", await AdoptIt("science").Answer());
        Assert.Equal(ErrorReasons.ProviderInUse, await mesh.Delete("west").Answer());
    }

    [Fact]
    public async Task Only_an_orphan_of_that_provider_under_a_free_name_is_adopted_or_removed()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct, "west");
        await mesh.BuiltInReady();
        var (agent, builtIn) = (mesh.Agent("west"), mesh.Agent("built-in"));
        await Exchange(builtIn);
        var (id, taken) = (NewId(), await mesh.Place("dev"));
        await Exchange(agent, Held(agent, id, 7));

        Assert.Equal(ErrorReasons.OrphanNotFound, await Adopt(mesh.Plane, id).Answer());
        Assert.Equal(ErrorReasons.OrphanNotFound, await Remove(mesh.Plane, id).Answer());
        Assert.Equal(ErrorReasons.OrphanNotFound, await Adopt(mesh.Plane, taken.Id).Answer());
        Assert.Equal(ErrorReasons.OrphanNotFound, await Remove(mesh.Plane, taken.Id).Answer());
        await mesh.Allow("default", "west");
        Assert.Equal(ErrorReasons.WorkspaceExists, await Adopt(mesh.Plane, id, r => r.Provider = "west").Answer());
        Assert.Equal(1, (await mesh.Plane.Provider("west", Ct)).Orphans);
    }

    [Fact]
    public async Task R9_a_repeated_adoption_returns_the_first_ones_workspace()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await AttachBuiltIn(plane);
        var id = NewId();
        await Exchange(agent, Held(agent, id, 7));

        var first = await Adopt(plane, id, r => r.RequestId = "r1");
        var second = await Adopt(plane, id, r => r.RequestId = "r1");

        Assert.Equal(first, second);
        Assert.Equal(ErrorReasons.OrphanNotFound, await Adopt(plane, id, r => r.RequestId = "r2").Answer());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task R11_of_two_who_decide_about_one_orphan_at_once_one_wins(bool bothAdopt)
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await AttachBuiltIn(plane);
        var id = NewId();
        await Exchange(agent, Held(agent, id, 7));

        Task<string> one,
            other;
        await using (var held = await HeldLock.Events(plane.Database, Ct))
        {
            one = Adopt(plane, id, r => r.Name = "one").Answer();
            await held.Until(1, Ct);
            other = (bothAdopt ? Adopt(plane, id, r => r.Name = "other") : Remove(plane, id)).Answer();
            await held.Until(2, Ct);
        }

        string[] answers = [await one, await other];
        Assert.Equal(["ORPHAN_NOT_FOUND", "ok"], answers.Order(StringComparer.Ordinal));
        var workspace = await plane.Workspace(id, Ct);
        Assert.Equal(8ul, workspace.Generation);
        Assert.Equal("1", workspace.Etag);
    }

    [Fact]
    public async Task A_deleted_adopted_workspace_is_removed_like_any_other()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await AttachBuiltIn(plane);
        var id = NewId();
        await Exchange(agent, Held(agent, id, 7));
        await Adopt(plane, id);

        await plane.Workspaces.DeleteWorkspaceAsync(
            new DeleteWorkspaceRequest { Workspace = "dev" },
            plane.Admin,
            cancellationToken: Ct
        );

        var removed = (await agent.Next(Frame.WorkspaceRemoved, Ct)).WorkspaceRemoved;
        Assert.Equal((id, 9ul), (removed.WorkspaceId, removed.Generation));
    }
}
