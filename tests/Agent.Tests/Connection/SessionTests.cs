using System.Net;
using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.Tests.Fakes;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.Protocol;
using Coder.Mesh.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Coder.Mesh.Agent.Tests.Connection;

public sealed class SessionTests
{
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task Hello_says_who_and_where_and_how_ready()
    {
        await using var server = await FakeControlPlane.Start();
        await using var agent = await RunningAgent.Start(
            server,
            change: o => o with { HeartbeatInterval = TimeSpan.FromSeconds(3) }
        );

        var session = await server.NextSession();
        var hello = await session.NextHello();

        Assert.Equal("Bearer mpt_secret", session.Authorization);
        Assert.Equal((ProtocolVersion.Min, ProtocolVersion.Max), (hello.MinProtocolVersion, hello.MaxProtocolVersion));
        Assert.Equal("ns-1", hello.NamespaceUid);
        Assert.Equal(
            ("dev", "v1.31.2", "kubernetes"),
            (hello.Cluster.Namespace, hello.Cluster.KubernetesVersion, hello.Cluster.Driver)
        );
        Assert.Equal(server.Address, new Uri(hello.AccessUrl));
        Assert.Equal(TimeSpan.FromSeconds(3), hello.HeartbeatInterval.ToTimeSpan());
        Assert.NotEmpty(hello.InstanceId);
        Assert.NotEmpty(hello.AgentVersion);
        Assert.All(hello.Readiness.Conditions, c => Assert.Equal(ConditionStatus.True, c.Status));
        Assert.Equal(ConditionTypes.Required, hello.Readiness.Conditions.Select(c => c.Type));
    }

    [Fact]
    public async Task Heartbeats_come_at_the_interval_of_welcome_without_an_unchanged_readiness()
    {
        await using var server = await FakeControlPlane.Start();
        await using var agent = await RunningAgent.Start(server);
        var session = await server.Welcome();
        await session.NextSnapshot();
        await agent.Time.Armed(Heartbeat);

        agent.Time.Advance(Heartbeat);
        var beat = await session.Next(ConnectRequest.FrameOneofCase.Heartbeat);

        Assert.Null(beat.Heartbeat.Readiness);
        Assert.Equal(agent.Time.GetUtcNow(), beat.Heartbeat.SentTime.ToDateTimeOffset());
    }

    [Fact]
    public async Task Changed_readiness_is_told_at_once()
    {
        await using var server = await FakeControlPlane.Start();
        await using var agent = await RunningAgent.Start(server);
        var session = await server.Welcome();
        await session.NextSnapshot();
        await agent.Time.Armed(TimeSpan.FromSeconds(5));
        var probe = FakeDriver.Reachable("ns-1");
        agent.Driver.OnProbe = _ =>
            Task.FromResult(
                probe with
                {
                    Conditions =
                    [
                        .. probe.Conditions.Take(2),
                        new ProbedCondition(
                            ConditionTypes.PermissionsSufficient,
                            ConditionStatus.False,
                            "c",
                            "lacks get"
                        ),
                    ],
                }
            );

        agent.Time.Advance(TimeSpan.FromSeconds(5));
        var beat = await session.Next(ConnectRequest.FrameOneofCase.Heartbeat);

        var changed = Assert.Single(beat.Heartbeat.Readiness.Conditions, c => c.Status == ConditionStatus.False);
        Assert.Equal((ConditionTypes.PermissionsSufficient, "lacks get"), (changed.Type, changed.Message));
        Assert.Equal(agent.Time.GetUtcNow(), changed.SinceTime.ToDateTimeOffset());
    }

    [Fact]
    public async Task Silence_of_three_intervals_makes_it_hang_up_and_dial_again()
    {
        await using var server = await FakeControlPlane.Start();
        await using var agent = await RunningAgent.Start(server, jitter: 0);
        var session = await server.Welcome();
        await agent.Time.Armed(3 * Heartbeat);

        agent.Time.Advance((3 * Heartbeat) - TimeSpan.FromTicks(1));
        Assert.False(session.AgentLeft.Task.IsCompleted);
        agent.Time.Advance(TimeSpan.FromTicks(1));

        await session.Left;
        var next = await server.NextSession();
        Assert.Equal("ns-1", (await next.NextHello()).NamespaceUid);
    }

    [Fact]
    public async Task Any_frame_breaks_the_silence()
    {
        await using var server = await FakeControlPlane.Start();
        await using var agent = await RunningAgent.Start(server);
        var session = await server.Welcome();
        await session.NextSnapshot();
        await agent.Time.Armed(3 * Heartbeat);
        agent.Time.Advance(2 * Heartbeat);
        await session.Desire("w1", 1);
        await agent.Driver.NextApplied();

        agent.Time.Advance(2 * Heartbeat);
        await session.Desire("w2", 1);

        Assert.Equal("w2", (await agent.Driver.NextApplied()).Desired.WorkspaceId);
    }

    [Fact]
    public async Task Lost_stream_is_dialed_again_after_a_jittered_delay()
    {
        await using var server = await FakeControlPlane.Start();
        await using var agent = await RunningAgent.Start(server, jitter: 0.5);
        var session = await server.Welcome();

        session.Break();
        await agent.Time.Armed(TimeSpan.FromSeconds(0.125));
        Assert.True(server.HasNoSession);
        agent.Time.Advance(TimeSpan.FromSeconds(0.125));

        await server.Welcome();
    }

    [Theory]
    [InlineData(StatusCode.Unauthenticated, "TOKEN_INVALID")]
    [InlineData(StatusCode.PermissionDenied, "PERMISSION_DENIED")]
    [InlineData(StatusCode.FailedPrecondition, "NAMESPACE_TAKEN")]
    public async Task Refusal_is_tried_again_slowly_and_says_why(StatusCode code, string reason)
    {
        await using var server = await FakeControlPlane.Start();
        await using var agent = await RunningAgent.Start(server);
        var session = await server.NextSession();

        session.Fail(code, reason, "Because\nof this.");
        await agent.Time.Armed(TimeSpan.FromSeconds(60));
        var (status, text) = await agent.Health("/health/ready");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        Assert.StartsWith($"refused: {reason}: Because of this.", text, StringComparison.Ordinal);
        var logged = Assert.Single(agent.Logs.GetSnapshot(), l => l.Level == LogLevel.Error);
        Assert.Contains(reason, logged.Message, StringComparison.Ordinal);
        agent.Time.Advance(TimeSpan.FromSeconds(60));
        await server.Welcome();
    }

    [Theory]
    [InlineData(StatusCode.Unauthenticated)]
    [InlineData(StatusCode.PermissionDenied)]
    [InlineData(StatusCode.FailedPrecondition)]
    public async Task Proxys_no_is_not_the_control_planes_and_is_tried_again_soon(StatusCode code)
    {
        await using var server = await FakeControlPlane.Start();
        await using var agent = await RunningAgent.Start(server, jitter: 0.5);
        var session = await server.NextSession();

        session.Break(code);
        await agent.Time.Armed(TimeSpan.FromSeconds(0.125));
        agent.Time.Advance(TimeSpan.FromSeconds(0.125));

        await server.Welcome();
    }

    [Fact]
    public async Task Restarting_server_is_dialed_again_within_its_own_jitter()
    {
        await using var server = await FakeControlPlane.Start();
        await using var agent = await RunningAgent.Start(server, jitter: 0.75);
        var session = await server.Welcome();
        await session.NextSnapshot();

        session.Fail(StatusCode.Unavailable, ErrorReasons.ServerRestarting, "Back soon.");

        await agent.Time.Armed(TimeSpan.FromSeconds(1.5));
    }

    [Fact]
    public async Task Drained_stream_lives_on_until_another_is_welcomed_and_is_left_without_a_goodbye()
    {
        await using var server = await FakeControlPlane.Start();
        await using var agent = await RunningAgent.Start(server, jitter: 0.5);
        var old = await server.Welcome();
        await old.NextSnapshot();

        await old.Send(new ConnectResponse { Drain = new Drain { Within = TimeSpan.FromSeconds(8.6).ToDuration() } });
        await agent.Time.Armed(TimeSpan.FromSeconds(4.3));
        agent.Time.Advance(TimeSpan.FromSeconds(4.3));
        var next = await server.NextSession();
        var meanwhile = old.AgentLeft.Task.IsCompleted;
        // As a control plane does that gives the provider to the newer stream before its welcome has arrived.
        old.Fail(StatusCode.Aborted, ErrorReasons.SessionSuperseded, "A newer session is attached.");
        await old.Left;
        await next.Welcome();
        await next.NextSnapshot();
        await Answered(next, agent);

        Assert.False(meanwhile);
        Assert.True(server.HasNoSession);
        Assert.Equal(HttpStatusCode.OK, (await agent.Health("/health/ready")).Status);
    }

    [Fact]
    public async Task Drained_stream_that_ends_before_another_is_welcomed_is_dialed_again()
    {
        await using var server = await FakeControlPlane.Start();
        await using var agent = await RunningAgent.Start(server, jitter: 0.5);
        var old = await server.Welcome();
        await old.NextSnapshot();

        await old.Send(new ConnectResponse { Drain = new Drain { Within = TimeSpan.FromSeconds(8.6).ToDuration() } });
        await agent.Time.Armed(TimeSpan.FromSeconds(4.3));
        old.Fail(StatusCode.Unavailable, ErrorReasons.ServerRestarting, "Back soon.");
        await agent.Time.Armed(TimeSpan.FromSeconds(1));
        agent.Time.Advance(TimeSpan.FromSeconds(1));

        await (await server.Welcome()).NextSnapshot();
    }

    [Fact]
    public async Task Missing_welcome_is_given_up()
    {
        await using var server = await FakeControlPlane.Start();
        await using var agent = await RunningAgent.Start(server);
        var session = await server.NextSession();
        await session.NextHello();
        await agent.Time.Armed(TimeSpan.FromSeconds(15));

        agent.Time.Advance(TimeSpan.FromSeconds(15));

        await session.Left;
        await agent.Time.Armed(TimeSpan.FromSeconds(0.125));
        Assert.Equal(
            "not attached: handshake_failed: No Welcome within 15 s.",
            (await agent.Health("/health/ready")).Text
        );
    }

    [Fact]
    public async Task Asked_to_stop_it_says_goodbye()
    {
        await using var server = await FakeControlPlane.Start();
        await using var agent = await RunningAgent.Start(server);
        var session = await server.Welcome();
        await session.NextSnapshot();

        await agent.Stop().WaitAsync(Patience.Limit, TestContext.Current.CancellationToken);

        var goodbye = await session.Next(ConnectRequest.FrameOneofCase.Goodbye);
        Assert.Equal(GoodbyeReason.Shutdown, goodbye.Goodbye.Reason);
        await session.Left;
    }

    [Fact]
    public async Task Token_file_is_read_at_each_dial()
    {
        var file = Path.Combine(Directory.CreateTempSubdirectory("agent-tests-").FullName, "token");
        await File.WriteAllTextAsync(file, "mpt_first\n", TestContext.Current.CancellationToken);
        await using var server = await FakeControlPlane.Start();
        await using var agent = await RunningAgent.Start(
            server,
            change: o => o with { TokenFile = file, Token = null },
            jitter: 0
        );
        var first = await server.Welcome();

        await File.WriteAllTextAsync(file, "mpt_second\n", TestContext.Current.CancellationToken);
        first.Break();
        var second = await server.Welcome();

        Assert.Equal("Bearer mpt_first", first.Authorization);
        Assert.Equal("Bearer mpt_second", second.Authorization);
    }

    [Fact]
    public async Task Token_of_the_command_line_is_told_apart_with_what_to_do_and_not_sent()
    {
        await using var server = await FakeControlPlane.Start();
        await using var agent = await RunningAgent.Start(
            server,
            change: o => o with { Token = new Configuration.Secret("mat_secret") }
        );
        await agent.Time.Armed(TimeSpan.FromSeconds(0.125));

        var (_, text) = await agent.Health("/health/ready");

        Assert.StartsWith(
            "not attached: token_unusable: What is in MESH_TOKEN is an API token, as `mesh` uses; an agent needs its provider's.",
            text,
            StringComparison.Ordinal
        );
        Assert.Contains("name the file with --token-file", text, StringComparison.Ordinal);
        Assert.DoesNotContain("mat_", text, StringComparison.Ordinal);
        Assert.True(server.HasNoSession);
    }

    [Fact]
    public async Task Unusable_token_is_told_without_showing_it()
    {
        await using var server = await FakeControlPlane.Start();
        await using var agent = await RunningAgent.Start(
            server,
            change: o => o with { Token = new Configuration.Secret("mpt_with a blank") }
        );
        await agent.Time.Armed(TimeSpan.FromSeconds(0.125));

        var (_, text) = await agent.Health("/health/ready");

        Assert.StartsWith(
            "not attached: token_unusable: What is in MESH_TOKEN is not a token",
            text,
            StringComparison.Ordinal
        );
        Assert.DoesNotContain("mpt_", text, StringComparison.Ordinal);
        Assert.DoesNotContain(agent.Logs.GetSnapshot(), l => l.Message.Contains("mpt_", StringComparison.Ordinal));
        Assert.True(server.HasNoSession);
    }

    [Fact]
    public async Task Readiness_follows_the_session()
    {
        await using var server = await FakeControlPlane.Start();
        await using var agent = await RunningAgent.Start(server);
        var session = await server.Welcome();
        await session.NextSnapshot();

        var welcomed = await agent.Health("/health/ready");
        await Answered(session, agent);
        var synced = await agent.Health("/health/ready");
        session.Break();
        await agent.Time.Armed(TimeSpan.FromSeconds(0.125));
        var detached = await agent.Health("/health/ready");

        Assert.Equal(
            (HttpStatusCode.ServiceUnavailable, "attached, but the first snapshot of its workspaces is not complete"),
            welcomed
        );
        Assert.Equal((HttpStatusCode.OK, "ok"), synced);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "not attached: Unavailable: gone"), detached);
    }

    [Fact]
    public async Task Sessions_that_are_cut_in_their_snapshot_are_dialed_again_ever_more_slowly()
    {
        await using var server = await FakeControlPlane.Start();
        await using var agent = await RunningAgent.Start(server, jitter: 0.5);

        foreach (var delay in new[] { 0.125, 0.25, 0.5, 1, 2 })
        {
            var session = await server.Welcome();
            await session.NextSnapshot();
            session.Break();
            await agent.Time.Armed(TimeSpan.FromSeconds(delay));
            agent.Time.Advance(TimeSpan.FromSeconds(delay));
        }
    }

    /// <summary>The session's snapshot is answered, and the agent has read that.</summary>
    private static async Task Answered(FakeSession session, RunningAgent agent)
    {
        await session.Send(new ConnectResponse { SnapshotComplete = new SnapshotComplete() });
        await session.Desire("after-the-snapshot", 1);
        await agent.Driver.NextApplied();
    }

    [Fact]
    public async Task Refused_agent_is_live_all_the_same()
    {
        await using var server = await FakeControlPlane.Start();
        await using var agent = await RunningAgent.Start(server, jitter: 0.75);
        (await server.NextSession()).Fail(StatusCode.Unauthenticated, ErrorReasons.TokenInvalid, "No.");
        await agent.Time.Armed(TimeSpan.FromSeconds(75));
        agent.Time.Advance(TimeSpan.FromSeconds(75));
        (await server.NextSession()).Fail(StatusCode.Unauthenticated, ErrorReasons.TokenInvalid, "No.");
        await agent.Time.Armed(TimeSpan.FromSeconds(75));
        agent.Time.Advance(TimeSpan.FromSeconds(74));

        Assert.Equal((HttpStatusCode.OK, "ok"), await agent.Health("/health/live"));
    }

    [Fact]
    public async Task Health_port_says_at_other_paths_which_it_has()
    {
        await using var server = await FakeControlPlane.Start();
        await using var agent = await RunningAgent.Start(server);

        Assert.Equal(
            (HttpStatusCode.NotFound, "Nothing is here. This port has /health/live and /health/ready."),
            await agent.Health("/livez")
        );
    }
}
