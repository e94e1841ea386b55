using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.Tests.Fakes;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.Protocol;
using Coder.Mesh.V1;

namespace Coder.Mesh.Agent.Tests.Connection;

public sealed class IdentityTests
{
    [Fact]
    public async Task Dead_cluster_is_reported_after_three_quick_probes_and_hello_is_said_anew_when_it_answers()
    {
        var driver = new FakeDriver { OnProbe = _ => Task.FromResult(FakeDriver.Unreachable) };
        await using var server = await FakeControlPlane.Start();
        await using var agent = await RunningAgent.Start(server, driver);
        var session = await server.Welcome();
        for (var i = 0; i < 2; i++)
        {
            await agent.Time.Armed(TimeSpan.FromSeconds(1));
            agent.Time.Advance(TimeSpan.FromSeconds(1));
        }

        var beat = await session.Next(ConnectRequest.FrameOneofCase.Heartbeat);
        await session.Desire("w1", 1);
        await agent.Time.Armed(TimeSpan.FromSeconds(5));
        driver.OnProbe = _ => Task.FromResult(FakeDriver.Reachable("ns-1"));
        agent.Time.Advance(TimeSpan.FromSeconds(5));
        var goodbye = await NextGoodbye(session);
        var second = await server.Welcome();

        Assert.Equal("", session.Hello!.NamespaceUid);
        Assert.Equal(ConditionStatus.Unknown, session.Hello.Readiness.Conditions[0].Status);
        var unreachable = Assert.Single(beat.Heartbeat.Readiness.Conditions);
        Assert.Equal(
            (ConditionTypes.ClusterReachable, ConditionStatus.False, "cluster_unreachable"),
            (unreachable.Type, unreachable.Status, unreachable.Code)
        );
        Assert.Equal(GoodbyeReason.Reconnect, goodbye.Reason);
        Assert.Equal("ns-1", second.Hello!.NamespaceUid);
        Assert.True(driver.NothingApplied);
    }

    [Fact]
    public async Task Probe_that_never_answers_does_not_keep_the_agent_from_saying_hello()
    {
        var driver = new FakeDriver { OnProbe = ct => new TaskCompletionSource<ClusterProbe>().Task.WaitAsync(ct) };
        await using var server = await FakeControlPlane.Start();
        await using var agent = await RunningAgent.Start(server, driver);
        await agent.Time.Armed(TimeSpan.FromSeconds(2));

        agent.Time.Advance(TimeSpan.FromSeconds(2));
        var hello = await (await server.NextSession()).NextHello();

        Assert.Equal("", hello.NamespaceUid);
        Assert.All(hello.Readiness.Conditions, c => Assert.Equal("cluster_not_probed", c.Code));
    }

    [Fact]
    public async Task Changed_identity_is_said_in_a_new_hello_at_once()
    {
        await using var server = await FakeControlPlane.Start();
        await using var agent = await RunningAgent.Start(server);
        var session = await server.Welcome();
        await session.NextSnapshot();
        await agent.Time.Armed(TimeSpan.FromSeconds(5));
        agent.Driver.OnProbe = _ => Task.FromResult(FakeDriver.Reachable("ns-2"));

        agent.Time.Advance(TimeSpan.FromSeconds(5));
        var goodbye = await NextGoodbye(session);
        var second = await server.Welcome();

        Assert.Equal(GoodbyeReason.Reconnect, goodbye.Reason);
        Assert.Equal("ns-2", second.Hello!.NamespaceUid);
    }

    private static async Task<Goodbye> NextGoodbye(FakeSession session)
    {
        ConnectRequest frame;
        do frame = await session.Next();
        while (frame.FrameCase == ConnectRequest.FrameOneofCase.Heartbeat);
        Assert.Equal(ConnectRequest.FrameOneofCase.Goodbye, frame.FrameCase);
        return frame.Goodbye;
    }
}
