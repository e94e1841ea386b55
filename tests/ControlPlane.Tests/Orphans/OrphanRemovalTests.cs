using Coder.Mesh.ControlPlane.Tests.Api.Json;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.ControlPlane.Tests.Rules;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Frame = Coder.Mesh.Agent.V1.ConnectResponse.FrameOneofCase;

namespace Coder.Mesh.ControlPlane.Tests.Orphans;

public sealed class OrphanRemovalTests(PostgresFixture postgres) : OrphanTestBase(postgres)
{
    [Fact]
    public async Task R11_a_removed_orphan_and_no_other_is_removed_now_and_after_every_snapshot_until_it_is_gone()
    {
        var plane = await TestControlPlane.Start(Postgres, Ct);
        var (id, other) = (NewId(), NewId());
        Workspace removing;
        using (var agent = await AttachBuiltIn(plane))
        {
            await Exchange(agent, Held(agent, id, 7), Held(agent, other, 3));
            removing = await Remove(plane, id);
            Assert.Equal((id, 8ul), Told((await agent.Next(Frame.WorkspaceRemoved, Ct)).WorkspaceRemoved));
            var again = await Exchange(
                agent,
                Held(agent, id, 7, state: WorkspaceState.Deleting),
                Held(agent, other, 3)
            );
            Assert.Equal((id, 8ul), Told(Assert.Single(again).WorkspaceRemoved));
        }

        await plane.DisposeAsync();
        await using var restarted = await TestControlPlane.Start(Postgres, Ct, database: plane.Database);
        using var second = await AttachBuiltIn(restarted);
        var told = await Exchange(second, Held(second, id, 7), Held(second, other, 3));
        Assert.Equal((id, 8ul), Told(Assert.Single(told).WorkspaceRemoved));
        await second.Observe(id, 8, WorkspaceState.Deleted, Ct);
        await UntilState(restarted, id, WorkspaceState.Deleted);

        Assert.Equal(
            (id, WorkspaceState.Deleting, WorkspaceDesiredState.Deleted, "", ""),
            (removing.Name, removing.State, removing.DesiredState, removing.Organization, removing.Owner)
        );
        Assert.Empty(await Exchange(second, Held(second, other, 3)));
        Assert.Equal(other, Assert.Single((await List(restarted)).Orphans).WorkspaceId);
    }

    [Fact]
    public async Task R4_a_provider_that_removes_an_orphan_is_in_use_until_it_is_gone()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct, "west");
        var agent = mesh.Agent("west");
        var id = NewId();
        await Exchange(agent, Held(agent, id, 7));
        await mesh.Plane.Providers.RemoveOrphanAsync(
            new RemoveOrphanRequest { Provider = "west", WorkspaceId = id },
            mesh.Plane.Admin,
            cancellationToken: Ct
        );

        Assert.Equal(ErrorReasons.ProviderInUse, await mesh.Delete("west").Answer());
        await agent.Observe(id, 8, WorkspaceState.Deleted, Ct);
        await UntilState(mesh.Plane, id, WorkspaceState.Deleted);
        Assert.Equal("ok", await mesh.Delete("west").Answer());
    }

    [Fact]
    public async Task Orphans_of_one_name_are_removed_at_once_and_keep_nobody_from_the_name()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await AttachBuiltIn(plane);
        var (one, two) = (NewId(), NewId());
        await Exchange(agent, Held(agent, one, 7), Held(agent, two, 7));

        Assert.Equal("ok", await Remove(plane, one).Answer());
        Assert.Equal("ok", await Remove(plane, two).Answer());
        Assert.Equal("ok", await plane.CreateWorkspace("dev", Ct).Answer());
        Assert.NotEqual(WorkspaceState.Deleting, (await plane.Workspace("dev", Ct)).State);
    }

    [Fact]
    public async Task R9_a_repeated_removal_returns_the_first_ones_workspace()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await AttachBuiltIn(plane);
        var id = NewId();
        await Exchange(agent, Held(agent, id, 7));

        Assert.Equal(await Remove(plane, id, "r1"), await Remove(plane, id, "r1"));
        Assert.Equal(ErrorReasons.OrphanNotFound, await Remove(plane, id, "r2").Answer());
    }

    private static (string, ulong) Told(Agent.V1.WorkspaceRemoved removed) => (removed.WorkspaceId, removed.Generation);
}
