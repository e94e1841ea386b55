using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.Tests.Fakes;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.V1;

namespace Coder.Mesh.Agent.Tests.Reconcile;

/// <summary>What a session tells of what happened to workspaces.</summary>
public sealed class TimelineReportTests
{
    private static readonly DateTimeOffset At = DateTimeOffset.UnixEpoch;

    [Fact]
    public async Task More_on_the_way_to_the_same_state_is_a_new_report_and_the_same_again_is_none()
    {
        await using var server = await FakeControlPlane.Start();
        await using var agent = await RunningAgent.Start(server);
        var session = await server.Welcome();
        await session.NextSnapshot();

        agent.Driver.Sink!.Changed(Seen("w1", "a"));
        await session.NextObserved();
        agent.Driver.Sink.Changed(Seen("w1", "a"));
        agent.Driver.Sink.Changed(Seen("w1", "a", "b"));
        var report = await session.NextObserved();

        Assert.Equal(2ul, report.Version);
        Assert.Equal(["a", "b"], report.Timeline.Select(e => e.Id));
        Assert.Equal((TimelineStage.Failed, "code", "words"), Content(report.Timeline[0]));
        Assert.Equal(At, report.Timeline[0].Time.ToDateTimeOffset());

        static (TimelineStage, string, string) Content(TimelineEntry e) => (e.Stage, e.Code, e.Message);
    }

    [Fact]
    public async Task A_snapshot_tells_it_again_until_it_is_stored_and_a_new_session_tells_all_of_it()
    {
        await using var server = await FakeControlPlane.Start();
        await using var agent = await RunningAgent.Start(
            server,
            new FakeDriver { Holds = [Seen("stored", "a"), Seen("unstored", "a"), Seen("gone", "a")] }
        );
        var first = await server.Welcome();
        var begun = (await first.NextSnapshot()).Workspaces;
        await first.Ack(begun.Single(w => w.WorkspaceId == "stored"));
        // The answer to this comes after the acknowledgement was read.
        await first.Remove("other", 1);
        await first.NextObserved();

        agent.Driver.Sink!.Gone("gone");
        await agent.Time.Armed(TimeSpan.FromSeconds(1));
        agent.Time.Advance(TimeSpan.FromSeconds(1));
        var again = await first.NextSnapshot();
        first.Break();
        await agent.Time.Armed(TimeSpan.FromSeconds(0.125));
        agent.Time.Advance(TimeSpan.FromSeconds(0.125));
        var second = await (await server.Welcome()).NextSnapshot();

        Assert.All(begun, w => Assert.Single(w.Timeline));
        Assert.Equal([("stored", 0), ("unstored", 1)], Counts(again));
        Assert.Equal([("stored", 1), ("unstored", 1)], Counts(second));

        static IEnumerable<(string, int)> Counts(Snapshot snapshot) =>
            snapshot
                .Workspaces.Where(w => w.WorkspaceId != "other")
                .Select(w => (w.WorkspaceId, w.Timeline.Count))
                .Order();
    }

    private static ClusterWorkspace Seen(string id, params string[] steps) =>
        new(id, 1, WorkspaceState.Starting)
        {
            Timeline = Timeline.Empty.With(
                steps.Select(s => new TimelineStep(s, At, TimelineStage.Failed, "code", "words"))
            ),
        };
}
