using Coder.Mesh.Agent.V1;
using Coder.Mesh.ControlPlane.Tests.Api.Json;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.ControlPlane.Tests.Rules;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Frame = Coder.Mesh.Agent.V1.ConnectResponse.FrameOneofCase;

namespace Coder.Mesh.ControlPlane.Tests.Orphans;

/// <summary>
/// A control plane that comes up on an older copy of its database, while clusters and agents have gone on: what it
/// knows is behind what runs, and what runs is right.
/// </summary>
public sealed class RestoreTests(PostgresFixture postgres) : OrphanTestBase(postgres)
{
    [Fact]
    public async Task R10_R11_an_older_database_deletes_nothing_raises_generations_and_finds_orphans()
    {
        var (copy, kept, stopped, after) = await LiveOn();
        await using var plane = await TestControlPlane.Start(Postgres, Ct, database: copy);
        using var agent = await AttachBuiltIn(plane);

        // "deleted" is gone from the cluster, the copy still wishes for it; "stopped" was started again twice.
        var told = await Exchange(
            agent,
            Held(agent, kept, 1, "kept"),
            Held(agent, stopped, 5, "stopped"),
            Held(agent, after, 3, "after")
        );

        Assert.DoesNotContain(told, f => f.FrameCase == Frame.WorkspaceRemoved);
        var desired = told.Select(f => f.WorkspaceDesired).ToDictionary(d => d.Name);
        Assert.Equal(["deleted", "stopped"], desired.Keys.Order(StringComparer.Ordinal));
        Assert.Equal((6ul, WorkspacePower.Stopped), (desired["stopped"].Generation, desired["stopped"].Power));
        Assert.Equal((1ul, WorkspacePower.Running), (desired["deleted"].Generation, desired["deleted"].Power));
        Assert.Equal(after, Assert.Single((await List(plane)).Orphans).WorkspaceId);
    }

    [Fact]
    public async Task R8_an_epoch_that_the_agent_has_had_before_the_restore_stores_its_reports_and_later_ones()
    {
        var (copy, kept, stopped, after) = await LiveOn();
        await using var plane = await TestControlPlane.Start(Postgres, Ct, database: copy);
        using (var first = await AttachBuiltIn(plane))
        {
            // One session before the copy, one after it: this is the second of the copy, too.
            Assert.Equal(2ul, first.Welcome.Epoch);
            await Exchange(first, Held(first, kept, 1, state: WorkspaceState.Failed));
            await UntilState(plane, kept, WorkspaceState.Failed);
        }

        using var second = await AttachBuiltIn(plane);
        await Exchange(second, Held(second, kept, 1), Held(second, stopped, 5), Held(second, after, 3));

        Assert.Equal(3ul, second.Welcome.Epoch);
        await UntilState(plane, kept, WorkspaceState.Running);
    }

    [Fact]
    public async Task R11_an_orphan_of_a_restore_is_adopted_with_its_disk_and_goes_on_from_its_generation()
    {
        var (copy, kept, stopped, after) = await LiveOn();
        await using var plane = await TestControlPlane.Start(Postgres, Ct, database: copy);
        using var agent = await AttachBuiltIn(plane);
        WorkspaceObserved[] held =
        [
            Held(agent, kept, 1, "kept"),
            Held(agent, stopped, 5, "stopped"),
            Held(agent, after, 3, "after"),
        ];
        await Exchange(agent, held);

        Assert.Equal("ok", await Adopt(plane, after).Answer());
        var desired = await DesiredOf(agent, after);
        var stop = new StopWorkspaceRequest { Workspace = "after" };
        await plane.Workspaces.StopWorkspaceAsync(stop, plane.Admin, cancellationToken: Ct);
        var next = await DesiredOf(agent, after);

        Assert.Equal(
            (after, 4ul, TestControlPlane.Spec().Disk),
            (desired.WorkspaceId, desired.Generation, desired.Spec.Disk)
        );
        Assert.Equal((after, 5ul, WorkspacePower.Stopped), (next.WorkspaceId, next.Generation, next.Power));
    }

    [Fact]
    public async Task R10_a_disk_alone_whose_generation_is_ahead_of_the_store_raises_it_and_is_wished_for_again()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using (var earlier = await AttachBuiltIn(plane))
            await Exchange(earlier);
        using var agent = await AttachBuiltIn(plane);
        var id = (await plane.CreateWorkspace("dev", Ct)).Id;
        var disk = agent.Observation(id, 0, WorkspaceState.Starting);
        disk.Held = new HeldWorkspace { Generation = 41 };

        var told = await Exchange(agent, disk);

        Assert.Equal(42ul, Assert.Single(told).WorkspaceDesired.Generation);
        Assert.Equal(42ul, (await plane.Workspace(id, Ct)).Generation);
    }

    [Fact]
    public async Task A_disk_alone_of_the_stores_own_generation_is_wished_for_again_as_it_is()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await AttachBuiltIn(plane);
        await Exchange(agent);
        var id = (await plane.CreateWorkspace("dev", Ct)).Id;
        await agent.Next(Frame.WorkspaceDesired, Ct);
        var disk = agent.Observation(id, 0, WorkspaceState.Starting);
        disk.Held = new HeldWorkspace { Generation = 1 };

        Assert.Equal(1ul, Assert.Single(await Exchange(agent, disk)).WorkspaceDesired.Generation);
    }

    [Fact]
    public async Task A_token_that_was_made_after_the_copy_is_refused_and_changes_nothing()
    {
        var original = await TestControlPlane.Start(Postgres, Ct);
        var (name, token) = ("west", (await original.CreateProvider("west", Ct)).Token);
        await original.Stop();
        var copy = await Postgres.CopyDatabase(original.Database, Ct);
        await using var going = await TestControlPlane.Start(Postgres, Ct, database: original.Database);
        var rotated = await going.Providers.RotateTokenAsync(
            new RotateTokenRequest { Provider = name },
            going.Admin,
            cancellationToken: Ct
        );

        await using var plane = await TestControlPlane.Start(Postgres, Ct, database: copy);
        using var refused = TestAgent.Open(plane, rotated.Token);
        using var taken = await TestAgent.Attach(plane, token, Ct);

        Assert.Equal(ErrorReasons.TokenInvalid, Reason(await refused.End(Ct)));
        Assert.Equal(1ul, taken.Welcome.Epoch);
        await original.DisposeAsync();
    }

    /// <summary>A database is copied; then its workspaces are stopped, started, deleted and created.</summary>
    private async Task<(string Copy, string Kept, string Stopped, string After)> LiveOn()
    {
        var early = await TestControlPlane.Start(Postgres, Ct);
        string kept,
            stopped,
            deleted;
        using (var agent = await AttachBuiltIn(early))
        {
            await Exchange(agent);
            kept = (await early.CreateWorkspace("kept", Ct)).Id;
            stopped = (await early.CreateWorkspace("stopped", Ct)).Id;
            deleted = (await early.CreateWorkspace("deleted", Ct)).Id;
            await Stop(early, "stopped");
            await Exchange(agent, Held(agent, kept, 1), Held(agent, stopped, 2), Held(agent, deleted, 1));
            await UntilState(early, kept, WorkspaceState.Running);
        }

        await early.DisposeAsync();
        var copy = await Postgres.CopyDatabase(early.Database, Ct);

        await using var late = await TestControlPlane.Start(Postgres, Ct, database: early.Database);
        using var again = await AttachBuiltIn(late);
        await Exchange(again, Held(again, kept, 1), Held(again, stopped, 2), Held(again, deleted, 1));
        await Start(late, "stopped");
        await Stop(late, "stopped");
        await Start(late, "stopped");
        var after = (await late.CreateWorkspace("after", Ct)).Id;
        await Stop(late, "after");
        await Start(late, "after");
        await late.Workspaces.DeleteWorkspaceAsync(
            new DeleteWorkspaceRequest { Workspace = "deleted" },
            late.Admin,
            cancellationToken: Ct
        );
        await again.Observe(deleted, 2, WorkspaceState.Deleted, Ct);
        await UntilState(late, deleted, WorkspaceState.Deleted);
        Assert.Equal(5ul, (await late.Workspace(stopped, Ct)).Generation);
        Assert.Equal(3ul, (await late.Workspace(after, Ct)).Generation);
        return (copy, kept, stopped, after);
    }

    private static async Task<WorkspaceDesired> DesiredOf(TestAgent agent, string id)
    {
        while (true)
        {
            var desired = (await agent.Next(Frame.WorkspaceDesired, Ct)).WorkspaceDesired;
            if (desired.WorkspaceId == id)
                return desired;
        }
    }

    private static async Task Start(TestControlPlane plane, string name) =>
        await plane.Workspaces.StartWorkspaceAsync(
            new StartWorkspaceRequest { Workspace = name },
            plane.Admin,
            cancellationToken: Ct
        );

    private static async Task Stop(TestControlPlane plane, string name) =>
        await plane.Workspaces.StopWorkspaceAsync(
            new StopWorkspaceRequest { Workspace = name },
            plane.Admin,
            cancellationToken: Ct
        );
}
