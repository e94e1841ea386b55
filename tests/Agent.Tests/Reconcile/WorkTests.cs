using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.Tests.Fakes;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.V1;

namespace Coder.Mesh.Agent.Tests.Reconcile;

public sealed class WorkTests
{
    private static ClusterWorkspace Seen(string id, ulong generation, WorkspaceState state = WorkspaceState.Running) =>
        new(id, generation, state);

    [Fact]
    public async Task Snapshot_comes_once_the_cluster_is_listed_and_holds_all_of_it()
    {
        await using var server = await FakeControlPlane.Start();
        await using var agent = await RunningAgent.Start(server, new FakeDriver { Holds = null });
        var session = await server.Welcome();
        var (identity, sink) = await agent.Driver.NextWatch();
        await agent.Time.Armed(TimeSpan.FromSeconds(10));
        agent.Time.Advance(TimeSpan.FromSeconds(10));
        await session.Next(ConnectRequest.FrameOneofCase.Heartbeat);

        sink.Listed([Seen("w1", 3), Seen("w2", 1, WorkspaceState.Stopped)]);
        var snapshot = await session.NextSnapshot();

        Assert.Equal(new DriverIdentity("p1", "d1"), identity);
        Assert.True(snapshot.Complete);
        Assert.Equal(
            [("w1", 3ul, WorkspaceState.Running), ("w2", 1ul, WorkspaceState.Stopped)],
            snapshot.Workspaces.Select(w => (w.WorkspaceId, w.Generation, w.State)).Order()
        );
    }

    [Fact]
    public async Task Snapshot_tells_what_the_cluster_holds_and_other_reports_do_not()
    {
        await using var server = await FakeControlPlane.Start();
        var held = new HeldWorkspace
        {
            Name = "dev",
            Spec = new WorkspaceSpec { Image = "example/image:1" },
            Generation = 3,
        };
        await using var agent = await RunningAgent.Start(
            server,
            new FakeDriver { Holds = [Seen("w1", 3) with { Held = held }] }
        );
        var session = await server.Welcome();

        var told = Assert.Single((await session.NextSnapshot()).Workspaces);
        agent.Driver.Sink!.Changed(Seen("w1", 3, WorkspaceState.Stopped) with { Held = held });
        var report = (await session.Next(ConnectRequest.FrameOneofCase.WorkspaceObserved)).WorkspaceObserved;

        Assert.Equal(held, told.Held);
        Assert.Equal((WorkspaceState.Stopped, (HeldWorkspace?)null), (report.State, report.Held));
    }

    [Fact]
    public async Task Snapshot_is_cut_into_parts_that_the_server_takes()
    {
        await using var server = await FakeControlPlane.Start();
        await using var agent = await RunningAgent.Start(
            server,
            new FakeDriver { Holds = [.. Enumerable.Range(0, 5).Select(i => Seen($"w{i}", 1))] }
        );
        var session = await server.Welcome(new Limits { MaxWorkspacesPerSnapshotPart = 2 });

        var parts = new[] { await session.NextSnapshot(), await session.NextSnapshot(), await session.NextSnapshot() };

        Assert.Equal([2, 2, 1], parts.Select(p => p.Workspaces.Count));
        Assert.Equal([false, false, true], parts.Select(p => p.Complete));
        Assert.Equal(5, parts.SelectMany(p => p.Workspaces).Select(w => w.Version).Distinct().Count());
    }

    [Fact]
    public async Task Wish_is_applied_and_what_comes_of_it_is_reported()
    {
        await using var server = await FakeControlPlane.Start();
        await using var agent = await RunningAgent.Start(server);
        var session = await server.Welcome();
        await session.NextSnapshot();

        await session.Desire("w1", 1);
        var (identity, desired) = await agent.Driver.NextApplied();
        agent.Driver.Sink!.Changed(Seen("w1", 1, WorkspaceState.Starting));
        var starting = await session.NextObserved();
        agent.Driver.Sink.Changed(Seen("w1", 1));
        var running = await session.NextObserved();

        Assert.Equal(new DriverIdentity("p1", "d1"), identity);
        Assert.Equal(DesiredStates.Running("w1", 1), desired);
        Assert.Equal(("w1", 1ul, WorkspaceState.Starting), (starting.WorkspaceId, starting.Generation, starting.State));
        Assert.Equal(WorkspaceState.Running, running.State);
        Assert.True(running.Version > starting.Version);
    }

    [Fact]
    public async Task Older_generation_and_a_removed_one_are_never_applied()
    {
        await using var server = await FakeControlPlane.Start();
        await using var agent = await RunningAgent.Start(server);
        var session = await server.Welcome();
        await session.NextSnapshot();
        await session.Desire("w1", 5);
        await agent.Driver.NextApplied();
        await session.Remove("w2", 5);
        await session.NextObserved();

        await session.Desire("w1", 4);
        await session.Desire("w2", 4);
        await session.Desire("w2", 5);
        await session.Desire("w3", 1);

        Assert.Equal("w3", (await agent.Driver.NextApplied()).Desired.WorkspaceId);
        Assert.True(agent.Driver.NothingApplied);
    }

    [Fact]
    public async Task One_workspace_is_worked_on_in_order_and_others_meanwhile()
    {
        var first = new TaskCompletionSource();
        var driver = new FakeDriver
        {
            OnApply = d => d is { WorkspaceId: "w1", Generation: 1 } ? first.Task : Task.CompletedTask,
        };
        await using var server = await FakeControlPlane.Start();
        await using var agent = await RunningAgent.Start(server, driver);
        var session = await server.Welcome();
        await session.NextSnapshot();
        await session.Desire("w1", 1);
        await driver.NextApplied();

        await session.Desire("w1", 2);
        await session.Desire("w2", 1);
        Assert.Equal("w2", (await driver.NextApplied()).Desired.WorkspaceId);
        Assert.True(driver.NothingApplied);
        first.SetResult();

        Assert.Equal(2ul, (await driver.NextApplied()).Desired.Generation);
    }

    [Fact]
    public async Task Removal_of_what_the_cluster_does_not_hold_is_deleted_at_once()
    {
        await using var server = await FakeControlPlane.Start();
        await using var agent = await RunningAgent.Start(server);
        var session = await server.Welcome();
        await session.NextSnapshot();

        await session.Remove("unknown", 9);
        var observed = await session.NextObserved();

        Assert.Equal(
            ("unknown", 9ul, WorkspaceState.Deleted),
            (observed.WorkspaceId, observed.Generation, observed.State)
        );
    }

    [Fact]
    public async Task Removal_is_deleting_until_the_cluster_holds_nothing()
    {
        var held = true;
        var driver = new FakeDriver { Holds = [Seen("w1", 1)], OnRemove = _ => Task.FromResult(held) };
        await using var server = await FakeControlPlane.Start();
        await using var agent = await RunningAgent.Start(server, driver);
        var session = await server.Welcome();
        await session.NextSnapshot();

        await session.Remove("w1", 2);
        var deleting = await session.NextObserved();
        held = false;
        driver.Sink!.Gone("w1");
        var deleted = await session.NextObserved();

        Assert.Equal((WorkspaceState.Deleting, 2ul), (deleting.State, deleting.Generation));
        Assert.Equal((WorkspaceState.Deleted, 2ul), (deleted.State, deleted.Generation));
    }

    [Fact]
    public async Task R11_An_answered_snapshot_deletes_nothing_that_the_answer_does_not_name()
    {
        var driver = new FakeDriver { Holds = [Seen("unnamed", 7), Seen("named", 1)] };
        await using var server = await FakeControlPlane.Start();
        await using var agent = await RunningAgent.Start(server, driver);
        var session = await server.Welcome();
        await session.NextSnapshot();

        await session.Send(new ConnectResponse { SnapshotComplete = new SnapshotComplete() });
        await session.Desire("named", 2);
        await driver.NextApplied();
        await session.Remove("named", 3);

        Assert.Equal("named", await driver.NextRemoved());
        driver.Sink!.Listed([Seen("unnamed", 7)]);
        await agent.Time.Armed(TimeSpan.FromSeconds(10));
        await session.Remove("last", 1);
        string removed;
        do removed = await driver.NextRemoved();
        while (removed == "named");
        Assert.Equal("last", removed);
    }

    [Fact]
    public async Task R11_What_vanishes_unasked_is_left_to_the_control_plane()
    {
        var driver = new FakeDriver { Holds = [Seen("w1", 1)], OnRemove = _ => throw new InvalidOperationException() };
        await using var server = await FakeControlPlane.Start();
        await using var agent = await RunningAgent.Start(server, driver);
        var session = await server.Welcome();
        Assert.Single((await session.NextSnapshot()).Workspaces);

        driver.Sink!.Gone("w1");
        await agent.Time.Armed(TimeSpan.FromSeconds(1));
        agent.Time.Advance(TimeSpan.FromSeconds(1));

        Assert.Empty((await session.NextSnapshot()).Workspaces);
    }

    [Fact]
    public async Task Refusal_of_the_cluster_is_failed_and_tried_again_at_the_resync()
    {
        var driver = new FakeDriver
        {
            OnApply = _ => throw new ClusterException("quota_exceeded", "with\nkubectl", false),
        };
        await using var server = await FakeControlPlane.Start();
        await using var agent = await RunningAgent.Start(server, driver);
        var session = await server.Welcome();
        await session.NextSnapshot();
        await session.Desire("w1", 4);
        var failed = await session.NextObserved();
        await driver.NextApplied();
        driver.OnApply = _ => Task.CompletedTask;

        await agent.Time.Armed(TimeSpan.FromMinutes(10));
        for (ulong i = 1; i < 60; i++)
        {
            // In steps, each with a sign of life, or the silence would end the session first.
            agent.Time.Advance(TimeSpan.FromSeconds(10));
            await session.Desire("sign-of-life", i);
            Assert.Equal("sign-of-life", (await driver.NextApplied()).Desired.WorkspaceId);
        }

        agent.Time.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal("w1", (await driver.NextApplied()).Desired.WorkspaceId);
        Assert.Equal(
            (WorkspaceState.Failed, "quota_exceeded", "with kubectl"),
            (failed.State, failed.Code, failed.Message)
        );
        Assert.Equal(4ul, failed.Generation);
    }

    [Fact]
    public async Task Transient_failure_is_tried_again_after_a_delay()
    {
        var driver = new FakeDriver
        {
            OnApply = _ => throw new ClusterException("cluster_unreachable", "refused", true),
        };
        await using var server = await FakeControlPlane.Start();
        await using var agent = await RunningAgent.Start(server, driver);
        var session = await server.Welcome();
        await session.NextSnapshot();
        await session.Desire("w1", 1);
        await driver.NextApplied();

        await agent.Time.Armed(TimeSpan.FromSeconds(0.25));
        agent.Time.Advance(TimeSpan.FromSeconds(0.25));
        await driver.NextApplied();
        await agent.Time.Armed(TimeSpan.FromSeconds(0.5));
        agent.Time.Advance(TimeSpan.FromSeconds(0.5));
        await driver.NextApplied();

        var told = await session.NextObserved();
        Assert.Equal((WorkspaceState.Pending, "refused"), (told.State, told.Message));
    }

    [Fact]
    public async Task Cluster_that_asks_to_be_left_alone_is_and_others_are_worked_on_meanwhile()
    {
        var driver = new FakeDriver
        {
            OnApply = d =>
                d.WorkspaceId == "w1"
                    ? throw new ClusterException("cluster_overloaded", "busy", true, null, TimeSpan.FromSeconds(7))
                    : Task.CompletedTask,
        };
        await using var server = await FakeControlPlane.Start();
        await using var agent = await RunningAgent.Start(server, driver);
        var session = await server.Welcome();
        await session.NextSnapshot();
        await session.Desire("w1", 1);
        await driver.NextApplied();

        await agent.Time.Armed(TimeSpan.FromSeconds(7.25));
        await session.Desire("w2", 1);

        Assert.Equal("w2", (await driver.NextApplied()).Desired.WorkspaceId);
        agent.Time.Advance(TimeSpan.FromSeconds(7.25));
        Assert.Equal("w1", (await driver.NextApplied()).Desired.WorkspaceId);
    }

    [Fact]
    public async Task Nothing_of_an_ended_session_is_applied_any_more()
    {
        var gate = new TaskCompletionSource();
        var driver = new FakeDriver { OnApply = d => d.Generation == 1 ? gate.Task : Task.CompletedTask };
        await using var server = await FakeControlPlane.Start();
        await using var agent = await RunningAgent.Start(server, driver, jitter: 0);
        var first = await server.Welcome();
        await first.NextSnapshot();
        await first.Desire("w1", 1);
        await driver.NextApplied();
        await first.Desire("w1", 2);
        await first.Desire("w2", 2);
        await driver.NextApplied();

        first.Break();
        var second = await server.Welcome();
        await second.NextSnapshot();
        gate.SetResult();
        await second.Desire("w3", 3);

        Assert.Equal("w3", (await driver.NextApplied()).Desired.WorkspaceId);
        Assert.True(driver.NothingApplied);
    }

    [Fact]
    public async Task Watch_outlives_the_session_and_the_next_snapshot_tells_what_changed_between()
    {
        var driver = new FakeDriver { Holds = [Seen("w1", 1, WorkspaceState.Starting)] };
        await using var server = await FakeControlPlane.Start();
        await using var agent = await RunningAgent.Start(server, driver);
        var first = await server.Welcome();
        await first.NextSnapshot();
        await driver.NextWatch();

        first.Break();
        await agent.Time.Armed(TimeSpan.FromSeconds(0.125));
        driver.Sink!.Changed(Seen("w1", 1));
        agent.Time.Advance(TimeSpan.FromSeconds(0.125));
        var second = await server.Welcome();

        var workspace = Assert.Single((await second.NextSnapshot()).Workspaces);
        Assert.Equal((WorkspaceState.Running, 1ul), (workspace.State, workspace.Version));
    }

    [Fact]
    public async Task Another_provider_means_another_watch_and_nothing_of_the_old_one()
    {
        var driver = new FakeDriver { Holds = [Seen("w1", 1)] };
        await using var server = await FakeControlPlane.Start();
        await using var agent = await RunningAgent.Start(server, driver, jitter: 0);
        var first = await server.Welcome();
        await first.NextSnapshot();
        await driver.NextWatch();

        driver.Holds = [];
        first.Break();
        var second = await server.NextSession();
        await second.Welcome(providerId: "p2");

        Assert.Equal("p2", (await driver.NextWatch()).Identity.ProviderId);
        Assert.Empty((await second.NextSnapshot()).Workspaces);
    }

    [Fact]
    public async Task Deleted_and_stored_is_not_in_the_next_snapshot_and_unstored_is()
    {
        await using var server = await FakeControlPlane.Start();
        await using var agent = await RunningAgent.Start(server, new FakeDriver { Holds = [Seen("here", 1)] });
        var session = await server.Welcome();
        await session.NextSnapshot();
        await session.Remove("stored", 1);
        await session.Ack(await session.NextObserved());
        await session.Remove("unstored", 1);
        await session.NextObserved();

        agent.Driver.Sink!.Gone("here");
        await agent.Time.Armed(TimeSpan.FromSeconds(1));
        agent.Time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal("unstored", Assert.Single((await session.NextSnapshot()).Workspaces).WorkspaceId);
    }
}
