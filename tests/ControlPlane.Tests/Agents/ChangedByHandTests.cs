using Coder.Mesh.Agent.V1;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Microsoft.Extensions.Time.Testing;
using Frame = Coder.Mesh.Agent.V1.ConnectResponse.FrameOneofCase;

namespace Coder.Mesh.ControlPlane.Tests.Agents;

/// <summary>
/// Objects of workspaces are deleted, scaled, restored or edited by hand: what agents report then is true, and counts.
/// </summary>
public sealed class ChangedByHandTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    [Theory]
    [InlineData(0ul, WorkspaceState.Starting)]
    [InlineData(0ul, WorkspaceState.Running)]
    [InlineData(1ul, WorkspaceState.Running)]
    [InlineData(2ul, WorkspaceState.Stopped)]
    public async Task What_is_seen_no_longer_is_shown_no_longer_and_what_is_desired_is_sent_again(
        ulong generation,
        WorkspaceState state
    )
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await Attached(plane);
        var id = await Running(plane, agent);

        await agent.Observe(id, generation, state, Ct);
        var again = (await agent.Next(Frame.WorkspaceDesired, Ct)).WorkspaceDesired;
        var seen = await plane.Workspace(id, Ct);

        Assert.Equal((2ul, WorkspacePower.Running), (again.Generation, again.Power));
        Assert.Equal((state, generation, 2ul), (seen.State, seen.ObservedGeneration, seen.Generation));
    }

    [Fact]
    public async Task An_agent_that_asks_is_sent_what_is_desired_again_and_nothing_else_changes()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await Attached(plane);
        var id = await Running(plane, agent);
        var before = await plane.Workspace(id, Ct);

        var report = agent.Observation(id, 2, WorkspaceState.Running);
        report.ResendDesired = true;
        await agent.Send(new ConnectRequest { WorkspaceObserved = report }, Ct);
        var again = (await agent.Next(Frame.WorkspaceDesired, Ct)).WorkspaceDesired;

        Assert.Equal((id, 2ul), (again.WorkspaceId, again.Generation));
        Assert.Equal(before, await plane.Workspace(id, Ct));
    }

    [Fact]
    public async Task An_agent_may_ask_in_its_snapshot()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await Attached(plane);
        var id = await Running(plane, agent);

        var asking = agent.Observation(id, 2, WorkspaceState.Running);
        asking.ResendDesired = true;
        await agent.Snapshot(Ct, asking);

        Assert.Equal(2ul, (await agent.Next(Frame.WorkspaceDesired, Ct)).WorkspaceDesired.Generation);
    }

    [Fact]
    public async Task Start_has_the_same_generation_sent_again_where_the_cluster_differs_and_says_so_in_the_timeline()
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
        await using var plane = await TestControlPlane.Start(Postgres, Ct, time);
        using var agent = await Attached(plane);
        var id = await Running(plane, agent);
        var failed = agent.Observation(id, 2, WorkspaceState.Failed);
        failed.Code = "field_conflict";
        await agent.Send(new ConnectRequest { WorkspaceObserved = failed }, Ct);
        await agent.Next(Frame.ObservedAck, Ct);
        time.Advance(TimeSpan.FromSeconds(1));

        var answer = (
            await plane.Workspaces.StartWorkspaceAsync(
                new StartWorkspaceRequest { Workspace = id },
                plane.Admin,
                cancellationToken: Ct
            )
        ).Workspace;
        var again = (await agent.Next(Frame.WorkspaceDesired, Ct)).WorkspaceDesired;
        var timeline = await plane.Workspaces.ListTimelineAsync(
            new ListTimelineRequest { Workspace = id },
            plane.Admin,
            cancellationToken: Ct
        );

        Assert.Equal((2ul, 2ul, WorkspacePower.Running), (answer.Generation, again.Generation, again.Power));
        Assert.Contains(
            timeline.Items,
            i => i is { Generation: 2, Entry: { Stage: TimelineStage.StartRequested, Message.Length: > 0 } }
        );
    }

    [Fact]
    public async Task In_one_session_an_older_report_changes_nothing_though_the_first_one_was_no_news()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        string id;
        using (var before = await Attached(plane))
            id = await Running(plane, before);
        using var agent = await Attached(plane);
        var older = agent.Observation(id, 2, WorkspaceState.Failed);
        await agent.Observe(id, 2, WorkspaceState.Running, Ct);
        await agent.Next(Frame.ObservedAck, Ct);

        await agent.Send(new ConnectRequest { WorkspaceObserved = older }, Ct);
        // In order, so that it has been read when this one is stored.
        await agent.Observe((await Running(plane, agent, "other")), 2, WorkspaceState.Starting, Ct);
        await UntilState(plane, "other", WorkspaceState.Starting);

        Assert.Equal(WorkspaceState.Running, (await plane.Workspace(id, Ct)).State);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task R10_a_generation_above_the_stores_raises_it_whenever_it_is_seen(bool snapshot)
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await Attached(plane);
        var id = await Running(plane, agent);

        var edited = agent.Observation(id, 41, WorkspaceState.Running);
        if (snapshot)
            await agent.Snapshot(Ct, edited);
        else
            await agent.Send(new ConnectRequest { WorkspaceObserved = edited }, Ct);

        Assert.Equal(42ul, (await agent.Next(Frame.WorkspaceDesired, Ct)).WorkspaceDesired.Generation);
        Assert.Equal(42ul, (await plane.Workspace(id, Ct)).Generation);
    }

    [Theory]
    [InlineData(ulong.MaxValue)]
    [InlineData((ulong)long.MaxValue)]
    [InlineData(Generations.MaxReported + 1)]
    public async Task A_generation_that_nobody_gave_out_is_the_trouble_of_its_one_workspace(ulong edited)
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await Attached(plane);
        var id = await Running(plane, agent);
        var other = await Running(plane, agent, "other");
        WorkspaceObserved Edited() => agent.Observation(id, edited, WorkspaceState.Running);
        var held = Edited();
        held.Held = new HeldWorkspace
        {
            Generation = edited,
            RestartGeneration = edited,
            Spec = new WorkspaceSpec { Command = { "a\0b" } },
        };

        await agent.Send(new ConnectRequest { WorkspaceObserved = Edited() }, Ct);
        Assert.Equal(2ul, (await agent.Next(Frame.WorkspaceDesired, Ct)).WorkspaceDesired.Generation);
        await agent.Snapshot(Ct, held, agent.Observation(other, 2, WorkspaceState.Running));
        await agent.Next(Frame.SnapshotComplete, Ct);
        await agent.Observe(other, 2, WorkspaceState.Starting, Ct);
        await UntilState(plane, "other", WorkspaceState.Starting);

        var seen = await plane.Workspace(id, Ct);
        Assert.Equal((WorkspaceState.Running, "generation_invalid"), (seen.State, seen.StateCode));
        Assert.Equal((0ul, 2ul), (seen.ObservedGeneration, seen.Generation));
        Assert.Contains($"{edited}", seen.StateMessage, StringComparison.Ordinal);
    }

    /// <returns>A workspace that is seen running in generation 2.</returns>
    private static async Task<string> Running(TestControlPlane plane, TestAgent agent, string name = "dev")
    {
        var id = (await plane.CreateWorkspace(name, Ct)).Id;
        await agent.Next(Frame.WorkspaceDesired, Ct);
        await plane.Workspaces.RestartWorkspaceAsync(
            new RestartWorkspaceRequest { Workspace = id },
            plane.Admin,
            cancellationToken: Ct
        );
        await agent.Next(Frame.WorkspaceDesired, Ct);
        await agent.Observe(id, 2, WorkspaceState.Running, Ct);
        await agent.Next(Frame.ObservedAck, Ct);
        return id;
    }

    private static async Task<TestAgent> Attached(TestControlPlane plane)
    {
        var (_, token) = await plane.BuiltIn(Ct);
        var agent = await TestAgent.Attach(plane, token, Ct, h => h.NamespaceUid = "uid");
        await agent.Snapshot(Ct);
        await agent.Next(Frame.SnapshotComplete, Ct);
        return agent;
    }
}
