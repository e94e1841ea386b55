using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.Reconcile;
using Coder.Mesh.Agent.Tests.Fakes;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.Protocol;
using Coder.Mesh.V1;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.DependencyInjection;

namespace Coder.Mesh.Agent.Tests.Reconcile;

public sealed class ServerClockTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Probe = TimeSpan.FromSeconds(5);

    [Theory]
    [InlineData(30, 0, ConditionStatus.True)]
    [InlineData(31, 0, ConditionStatus.False)]
    [InlineData(-30, 0, ConditionStatus.True)]
    [InlineData(-31, 0, ConditionStatus.False)]
    // Half of the way may all have been on one side.
    [InlineData(33, 8, ConditionStatus.True)]
    [InlineData(35, 8, ConditionStatus.False)]
    public void Thirty_seconds_apart_are_allowed(double apart, double trip, ConditionStatus expected) =>
        Assert.Equal(expected, Observe(new ServerClock(), apart, trip)!.Status);

    [Theory]
    [InlineData(40, "The agent's clock is more than 30 s behind the control plane's.")]
    [InlineData(-40, "The agent's clock is more than 30 s ahead of the control plane's.")]
    public void The_message_says_which_way_and_not_how_far(double apart, string message)
    {
        var found = Observe(new ServerClock(), apart)!;

        Assert.Equal(("clock_skewed", message), (found.Code, found.Message));
        Assert.Equal(found, Observe(new ServerClock(), 2 * apart));
    }

    [Fact]
    public void Clocks_at_the_limit_are_news_once()
    {
        var clock = new ServerClock();

        var seen = Enumerable.Range(0, 100).Select(i => Observe(clock, 26 + i % 9)!).ToList();

        Assert.Equal(1, seen.Zip(seen.Skip(1)).Count(pair => pair.First != pair.Second));
        Assert.Equal(ConditionStatus.True, Observe(clock, 24)!.Status);
    }

    [Fact]
    public void What_can_not_be_judged_changes_nothing()
    {
        var clock = new ServerClock();
        Assert.Null(Observe(clock, 100, trip: 11));
        Assert.Null(Observe(clock, 100, trip: -1));
        clock.Observe(null, Now.ToTimestamp(), Now);
        clock.Observe(Now.ToTimestamp(), new Timestamp { Seconds = long.MaxValue }, Now);
        clock.Observe(Now.ToTimestamp(), new Timestamp { Seconds = 1, Nanos = -1 }, Now);

        Assert.Null(clock.Condition);
    }

    [Fact]
    public async Task A_clock_that_drifts_away_is_reported_once_and_so_is_its_return()
    {
        await using var server = await FakeControlPlane.Start();
        await using var agent = await RunningAgent.Start(server);
        var session = await server.NextSession();
        await session.Welcome(change: w => w.ServerTime = agent.Time.GetUtcNow().ToTimestamp());
        await session.NextSnapshot();
        var synced = await NextReport(session, agent);

        await Answer(session, agent, 60);
        var skewed = await NextReport(session, agent);
        foreach (var ahead in (double[])[61, 59, 26])
        {
            await Answer(session, agent, ahead);
            await LookOnce(agent);
        }

        await Answer(session, agent, 1);
        var again = await NextReport(session, agent);

        Assert.Equal(ConditionStatus.True, synced.Status);
        Assert.Equal((ConditionStatus.False, "clock_skewed"), (skewed.Status, skewed.Code));
        Assert.Equal(ConditionStatus.True, again.Status);
    }

    [Fact]
    public async Task Welcome_tells_the_storage_class_to_look_for()
    {
        await using var server = await FakeControlPlane.Start();
        await using var agent = await RunningAgent.Start(server);
        var details = agent.Services.GetRequiredService<WelcomedDetails>();
        var session = await server.NextSession();
        Assert.Null(details.StorageClass);

        await session.Welcome(change: w => w.StorageClass = "fast");
        await session.NextSnapshot();

        Assert.Equal("fast", details.StorageClass);
    }

    private static ProbedCondition? Observe(ServerClock clock, double apart, double trip = 0)
    {
        clock.Observe(
            Now.AddSeconds(-trip / 2).ToTimestamp(),
            Now.AddSeconds(apart).ToTimestamp(),
            Now.AddSeconds(trip / 2)
        );
        return clock.Condition;
    }

    /// <summary>Answers a heartbeat as a control plane whose clock is that many seconds ahead.</summary>
    private static async Task Answer(FakeSession session, RunningAgent agent, double ahead)
    {
        var clock = agent.Services.GetRequiredService<ServerClock>();
        var now = agent.Time.GetUtcNow();
        await session.Send(
            new ConnectResponse
            {
                HeartbeatAck = new HeartbeatAck
                {
                    SentTime = now.ToTimestamp(),
                    ServerTime = now.AddSeconds(ahead).ToTimestamp(),
                },
            }
        );
        // A frame that is answered tells that the one before it has been read.
        await session.Desire($"w{Guid.NewGuid():n}", 1);
        await agent.Driver.NextApplied();
        Assert.NotNull(clock.Condition);
    }

    private static async Task LookOnce(RunningAgent agent)
    {
        await agent.Time.Armed(Probe);
        agent.Time.Advance(Probe);
    }

    /// <summary>Lets the agent look once, and reads the report that this is worth.</summary>
    private static async Task<Condition> NextReport(FakeSession session, RunningAgent agent)
    {
        await LookOnce(agent);
        while (true)
        {
            var beat = (await session.Next(ConnectRequest.FrameOneofCase.Heartbeat)).Heartbeat;
            if (beat.Readiness is { } report)
                return Assert.Single(report.Conditions, c => c.Type == ConditionTypes.ClockSynced);
        }
    }
}
