using Coder.Mesh.Agent.V1;
using Coder.Mesh.ControlPlane.Agents;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.DependencyInjection;
using Frame = Coder.Mesh.Agent.V1.ConnectResponse.FrameOneofCase;

namespace Coder.Mesh.ControlPlane.Tests.Agents;

public sealed class AgentStreamTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    [Fact]
    public async Task An_attached_agent_with_all_conditions_true_makes_its_provider_Ready()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var (id, token) = await plane.CreateProvider("west", Ct);
        Assert.Equal(ProviderStatus.Pending, (await plane.Provider("west", Ct)).Status);

        using var agent = await TestAgent.Attach(plane, token, Ct);

        var provider = await plane.Provider("west", Ct);
        Assert.Equal((1ul, id, "west"), (agent.Welcome.Epoch, agent.Welcome.ProviderId, agent.Welcome.ProviderName));
        Assert.Equal(ProviderStatus.Ready, provider.Status);
        Assert.True(provider.Agent.Attached);
        Assert.Equal(
            [.. ConditionTypes.Required, ConditionTypes.OrphansPresent, ConditionTypes.VolumesKept],
            provider.Conditions.Select(c => c.Type)
        );
    }

    [Fact]
    public async Task A_report_in_a_heartbeat_turns_the_provider_to_Error_with_code_and_message_and_back()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var (_, token) = await plane.CreateProvider("west", Ct);
        using var agent = await TestAgent.Attach(plane, token, Ct);

        await agent.Heartbeat(Ct, TestAgent.Unreachable());
        var broken = await UntilStatus(plane, "west", ProviderStatus.Error);
        await agent.Heartbeat(Ct, TestAgent.Ready());
        await UntilStatus(plane, "west", ProviderStatus.Ready);

        Assert.Equal(("cluster_unreachable", "connection refused"), (broken.StatusCode, broken.StatusMessage));
    }

    [Fact]
    public async Task A_heartbeat_is_answered_with_its_own_time()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var (_, token) = await plane.CreateProvider("west", Ct);
        using var agent = await TestAgent.Attach(plane, token, Ct);

        await agent.Heartbeat(Ct);
        var ack = (await agent.Next(Frame.HeartbeatAck, Ct)).HeartbeatAck;

        Assert.NotNull(ack.SentTime);
        Assert.NotNull(ack.ServerTime);
    }

    [Fact]
    public async Task The_heartbeat_interval_is_the_smaller_wish_but_at_least_a_second()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var (_, token) = await plane.CreateProvider("west", Ct);

        async Task<TimeSpan> Agreed(TimeSpan wished)
        {
            using var agent = await TestAgent.Attach(
                plane,
                token,
                Ct,
                h =>
                {
                    h.NamespaceUid = "the-same";
                    h.HeartbeatInterval = Google.Protobuf.WellKnownTypes.Duration.FromTimeSpan(wished);
                }
            );
            return agent.Welcome.HeartbeatInterval.ToTimeSpan();
        }

        Assert.Equal(TimeSpan.FromSeconds(4), await Agreed(TimeSpan.FromSeconds(4)));
        Assert.Equal(TimeSpan.FromSeconds(10), await Agreed(TimeSpan.FromMinutes(1)));
        Assert.Equal(TimeSpan.FromSeconds(1), await Agreed(TimeSpan.FromMilliseconds(1)));
    }

    [Fact]
    public async Task R8_a_newer_session_supersedes_the_older_and_the_older_ones_late_cleanup_changes_nothing()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var (_, token) = await plane.CreateProvider("west", Ct);
        using var older = await TestAgent.Attach(plane, token, Ct, h => h.NamespaceUid = "u");

        using var newer = await TestAgent.Attach(plane, token, Ct, h => h.NamespaceUid = "u");
        var end = await older.End(Ct);
        older.Dispose();
        await newer.Heartbeat(Ct);
        await newer.Next(Frame.HeartbeatAck, Ct);

        Assert.Equal(ErrorReasons.SessionSuperseded, Reason(end));
        var provider = await plane.Provider("west", Ct);
        Assert.Equal(
            (2ul, true, ProviderStatus.Ready),
            (provider.Agent.Epoch, provider.Agent.Attached, provider.Status)
        );
    }

    [Theory]
    [InlineData("hello twice", "hello")]
    [InlineData("no frame", "frame")]
    [InlineData("bad id", "workspace_id")]
    [InlineData("nonsense state", "state")]
    [InlineData("too many conditions", "readiness.conditions")]
    [InlineData("a condition twice", "readiness.conditions")]
    [InlineData("a condition of advice twice", "readiness.conditions")]
    public async Task A_frame_that_breaks_the_protocol_ends_that_session_and_the_others_do_not_notice(
        string frame,
        string field
    )
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var (_, badToken) = await plane.CreateProvider("bad", Ct);
        var (_, goodToken) = await plane.CreateProvider("good", Ct);
        using var bad = await TestAgent.Attach(plane, badToken, Ct);
        using var good = await TestAgent.Attach(plane, goodToken, Ct);

        await bad.Send(Breaking(frame), Ct);
        var end = await bad.End(Ct);
        await good.Heartbeat(Ct);
        await good.Next(Frame.HeartbeatAck, Ct);

        Assert.Equal(ErrorReasons.ProtocolViolation, Reason(end));
        Assert.Contains(field, end.Status.Detail, StringComparison.Ordinal);
        Assert.Equal(ProviderStatus.Ready, (await plane.Provider("good", Ct)).Status);
    }

    [Fact]
    public async Task A_Hello_with_a_condition_twice_is_refused()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var (_, token) = await plane.CreateProvider("west", Ct);
        using var agent = TestAgent.Open(plane, token);

        await agent.Send(
            new ConnectRequest
            {
                Hello = TestAgent.Hello(h => h.Readiness.Conditions.AddRange(TestAgent.Unreachable().Conditions)),
            },
            Ct
        );
        var end = await agent.End(Ct);

        Assert.Equal(ErrorReasons.ProtocolViolation, Reason(end));
        Assert.Contains("ClusterReachable", end.Status.Detail, StringComparison.Ordinal);
        Assert.Equal(ProviderStatus.Pending, (await plane.Provider("west", Ct)).Status);
    }

    [Theory]
    [InlineData("snapshot")]
    [InlineData("workspace_observed")]
    public async Task An_agent_without_a_namespace_uid_makes_nothing_Ready_is_sent_nothing_and_may_say_nothing_of_workspaces(
        string frame
    )
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var (id, token) = await plane.BuiltIn(Ct);
        using (await TestAgent.Attach(plane, token, Ct, h => h.NamespaceUid = "u"))
            await plane.CreateWorkspace("dev", Ct);
        var (_, fresh) = await plane.CreateProvider("west", Ct);
        using var stranger = await TestAgent.Greet(plane, token, Ct, Nameless);
        using var first = await TestAgent.Greet(plane, fresh, Ct, Nameless);

        await plane.Workspaces.StopWorkspaceAsync(new() { Workspace = "dev" }, plane.Admin, cancellationToken: Ct);
        await stranger.Heartbeat(Ct, TestAgent.Ready());
        var answer = await stranger.Next(Ct);
        var (bound, pending) = (await plane.Provider(id, Ct), await plane.Provider("west", Ct));
        if (frame == "snapshot")
            await stranger.Snapshot(Ct);
        else
            await stranger.Observe(Guid.NewGuid().ToString("n"), 1, WorkspaceState.Running, Ct);
        var end = await stranger.End(Ct);

        Assert.Equal(Frame.HeartbeatAck, answer.FrameCase);
        Assert.Equal(("workspaces", "u"), (bound.Agent.Namespace, bound.Agent.NamespaceUid));
        Assert.Equal((ProviderStatus.Error, "readiness_unknown"), (pending.Status, pending.StatusCode));
        Assert.Equal(ErrorReasons.ProtocolViolation, Reason(end));
        Assert.Contains($"{frame}: only in a session", end.Status.Detail, StringComparison.Ordinal);
        Assert.Contains("namespace_uid", end.Status.Detail, StringComparison.Ordinal);
    }

    private static void Nameless(Hello hello) => (hello.NamespaceUid, hello.Cluster.Namespace) = ("", "elsewhere");

    [Fact]
    public async Task A_first_frame_that_is_no_Hello_is_refused()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var (_, token) = await plane.CreateProvider("west", Ct);
        using var agent = TestAgent.Open(plane, token);

        await agent.Heartbeat(Ct);

        Assert.Equal(ErrorReasons.ProtocolViolation, Reason(await agent.End(Ct)));
        Assert.Equal(ProviderStatus.Pending, (await plane.Provider("west", Ct)).Status);
    }

    [Theory]
    [InlineData(null, ErrorReasons.TokenMissing)]
    [InlineData("mpt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", ErrorReasons.TokenInvalid)]
    [InlineData("nonsense", ErrorReasons.TokenInvalid)]
    public async Task A_missing_or_wrong_token_is_UNAUTHENTICATED_with_a_reason(string? token, string reason)
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var call = plane.Agents.Connect(
            token is null ? [] : new Metadata { { "authorization", $"Bearer {token}" } },
            cancellationToken: Ct
        );

        var error = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext(Ct));

        Assert.Equal(StatusCode.Unauthenticated, error.StatusCode);
        Assert.Equal(reason, Reason(error));
    }

    [Fact]
    public async Task An_admin_token_is_no_agent_s()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = TestAgent.Open(plane, plane.AdminToken);

        var error = await agent.End(Ct);

        Assert.Equal(StatusCode.PermissionDenied, error.StatusCode);
    }

    [Fact]
    public async Task A_refusal_sets_Error_once_from_Pending_and_never_touches_a_live_session()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var (_, token) = await plane.CreateProvider("west", Ct);
        using (var tooNew = TestAgent.Open(plane, token))
        {
            await tooNew.Send(
                new ConnectRequest
                {
                    Hello = TestAgent.Hello(h => (h.MinProtocolVersion, h.MaxProtocolVersion) = (90, 99)),
                },
                Ct
            );
            Assert.Equal(ErrorReasons.VersionUnsupported, Reason(await tooNew.End(Ct)));
        }

        Assert.Equal("version_unsupported", (await plane.Provider("west", Ct)).StatusCode);
        using var agent = await TestAgent.Attach(plane, token, Ct, h => h.NamespaceUid = "u");
        using var other = TestAgent.Open(plane, token);
        await other.Send(new ConnectRequest { Hello = TestAgent.Hello(h => h.NamespaceUid = "another") }, Ct);

        Assert.Equal(ErrorReasons.ClusterMismatch, Reason(await other.End(Ct)));
        Assert.Equal(ProviderStatus.Ready, (await plane.Provider("west", Ct)).Status);
    }

    [Fact]
    public async Task A_namespace_belongs_to_one_provider()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var (_, first) = await plane.CreateProvider("first", Ct);
        var (_, second) = await plane.CreateProvider("second", Ct);
        using var agent = await TestAgent.Attach(plane, first, Ct, h => h.NamespaceUid = "shared");
        using var rival = TestAgent.Open(plane, second);

        await rival.Send(new ConnectRequest { Hello = TestAgent.Hello(h => h.NamespaceUid = "shared") }, Ct);
        var error = await rival.End(Ct);

        Assert.Equal(ErrorReasons.NamespaceTaken, Reason(error));
        Assert.Contains("\"first\"", error.Status.Detail, StringComparison.Ordinal);
        Assert.Equal("namespace_taken", (await plane.Provider("second", Ct)).StatusCode);
    }

    [Fact]
    public async Task A_deleted_provider_s_session_is_closed_and_its_agent_refused()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var (_, token) = await plane.CreateProvider("west", Ct);
        using var agent = await TestAgent.Attach(plane, token, Ct);

        await plane.Providers.DeleteProviderAsync(
            new DeleteProviderRequest { Provider = "west" },
            plane.Admin,
            cancellationToken: Ct
        );
        var end = await agent.End(Ct);
        using var again = TestAgent.Open(plane, token);
        await again.Send(new ConnectRequest { Hello = TestAgent.Hello() }, Ct);

        Assert.Equal(ErrorReasons.ProviderDeleted, Reason(end));
        Assert.Equal(ErrorReasons.ProviderDeleted, Reason(await again.End(Ct)));
    }

    [Fact]
    public async Task A_stopping_control_plane_says_that_it_restarts_and_begins_no_grace()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var (_, token) = await plane.CreateProvider("west", Ct);
        using var agent = await TestAgent.Attach(plane, token, Ct, h => h.NamespaceUid = "u");

        var end = agent.End(Ct);
        await plane.Stop();
        var told = await end;
        Assert.True(Reason(told) == ErrorReasons.ServerRestarting, $"{told}\n{plane.Log}");

        await using var next = await TestControlPlane.Start(Postgres, Ct, database: plane.Database);
        var provider = await next.Provider("west", Ct);
        Assert.Equal((ProviderStatus.Ready, false), (provider.Status, provider.Agent.Attached));
    }

    [Fact]
    public async Task Every_agent_of_a_stopping_control_plane_hears_why_though_its_connection_is_closed_too()
    {
        const int Agents = 25;
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var channels = new List<GrpcChannel>();
        var ends = new List<Task<RpcException>>();
        for (var i = 0; i < Agents; i++)
        {
            var (_, token) = await plane.CreateProvider($"west-{i}", Ct);
            channels.Add(GrpcChannel.ForAddress(plane.GrpcAddress));
            var agent = TestAgent.Open(channels[i], token);
            await agent.Send(new ConnectRequest { Hello = TestAgent.Hello() }, Ct);
            Assert.NotNull((await agent.Next(Ct)).Welcome);
            ends.Add(agent.End(Ct));
        }

        await plane.Stop();
        var told = await Task.WhenAll(ends);
        channels.ForEach(c => c.Dispose());

        Assert.Equal(
            Enumerable.Repeat(ErrorReasons.ServerRestarting, Agents),
            told.Select(e => Reason(e) ?? e.Status.Detail)
        );
    }

    [Fact]
    public async Task An_agent_that_never_reads_is_ended_as_too_slow()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct, options: o => o.ControlCapacity = 16);
        var sessions = plane.Services.GetRequiredService<AgentSessions>();
        var (id, token) = await plane.CreateProvider("west", Ct);
        using var agent = await TestAgent.Attach(
            plane,
            token,
            Ct,
            h => h.HeartbeatInterval = Google.Protobuf.WellKnownTypes.Duration.FromTimeSpan(TimeSpan.FromSeconds(1))
        );
        var session = sessions.Find(id)!;

        // Far more answers than flow control and queue take together; the agent reads none.
        var flood = Flood(agent);
        await session.Closing.WaitHandle.WaitOneAsync(Ct);
        // Its status may wait behind what is unread; the flood would then hang as long as nobody reads.
        agent.Dispose();
        await flood;

        Assert.Equal(SessionEnd.TooSlow, session.Ending.End);
    }

    private static async Task Flood(TestAgent agent)
    {
        try
        {
            while (true)
                await agent.Heartbeat(Ct);
        }
        catch (Exception e) when (e is RpcException or InvalidOperationException or IOException)
        {
            // The session was ended.
        }
    }

    private static ConnectRequest Breaking(string frame) =>
        frame switch
        {
            "hello twice" => new ConnectRequest { Hello = TestAgent.Hello() },
            "no frame" => new ConnectRequest(),
            "bad id" => Observed("no-id", WorkspaceState.Running),
            "nonsense state" => Observed(Guid.NewGuid().ToString("n"), (WorkspaceState)77),
            "too many conditions" => new ConnectRequest
            {
                Heartbeat = new Heartbeat
                {
                    Readiness = new ReadinessReport
                    {
                        Conditions = { Enumerable.Range(0, 65).Select(i => new Condition { Type = $"C{i}" }) },
                    },
                },
            },
            "a condition twice" => Twice("ClusterReachable"),
            "a condition of advice twice" => Twice("SomethingNew"),
            _ => throw new ArgumentOutOfRangeException(nameof(frame), frame, "no such frame"),
        };

    private static ConnectRequest Twice(string type) =>
        new()
        {
            Heartbeat = new Heartbeat
            {
                Readiness = new ReadinessReport
                {
                    Conditions =
                    {
                        new Condition { Type = type, Status = ConditionStatus.True },
                        new Condition { Type = type, Status = ConditionStatus.False },
                    },
                },
            },
        };

    private static ConnectRequest Observed(string id, WorkspaceState state) =>
        new()
        {
            WorkspaceObserved = new WorkspaceObserved
            {
                WorkspaceId = id,
                Generation = 1,
                Version = 1,
                State = state,
            },
        };
}
