using Coder.Mesh.Agent.V1;
using Coder.Mesh.ControlPlane.Presence;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Microsoft.Extensions.Time.Testing;
using ProviderStatus = Coder.Mesh.V1.ProviderStatus;

namespace Coder.Mesh.ControlPlane.Tests.Presence;

/// <summary>
/// An agent that is refused is told of where its operator looks: at the provider. Virtual time stands still unless a
/// test moves it, so that whatever comes, comes without a deadline.
/// </summary>
public sealed class RefusedAgentTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public static TheoryData<string, string> Lasting =>
        new()
        {
            { ErrorReasons.ClusterMismatch, StatusCodes.ClusterMismatch },
            { ErrorReasons.NamespaceChanged, StatusCodes.NamespaceChanged },
            { ErrorReasons.NamespaceTaken, StatusCodes.NamespaceTaken },
            { ErrorReasons.VersionUnsupported, StatusCodes.VersionUnsupported },
        };

    [Theory]
    [MemberData(nameof(Lasting))]
    public async Task Refusal_within_the_grace_is_a_note_and_decides_once_the_grace_is_over(string reason, string code)
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct, _time);
        var token = await LeftReady(plane);
        var (_, other) = await plane.CreateProvider("other", Ct);
        (await TestAgent.Attach(plane, other, Ct, h => h.NamespaceUid = "taken")).Dispose();
        var at = _time.GetUtcNow();

        var told = await Refused(plane, token, reason);
        var within = await plane.Provider("west", Ct);
        await EndGrace(plane);
        await Refused(plane, token, reason);
        var after = await plane.Provider("west", Ct);

        Assert.Equal(ProviderStatus.Ready, within.Status);
        Assert.Equal([(reason, told)], within.AgentRefusals.Select(r => (r.Reason, r.Message)));
        Assert.Equal(at, within.AgentRefusals[0].Time.ToDateTimeOffset());
        Assert.Equal((ProviderStatus.Error, code, told), (after.Status, after.StatusCode, after.StatusMessage));
    }

    [Theory]
    [InlineData("kubernetes", "workspaces", "kubeconfig")]
    [InlineData("kubernetes", "elsewhere", "--namespace")]
    [InlineData("simulated", "workspaces", "--simulated-state FILE")]
    public async Task The_agent_is_told_what_to_do(string driver, string name, string cure)
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct, _time);
        var token = await LeftReady(plane);

        var told = await Refused(
            plane,
            token,
            h => (h.NamespaceUid, h.Cluster.Driver, h.Cluster.Namespace) = ("another", driver, name)
        );

        Assert.Contains(cure, told, StringComparison.Ordinal);
        Assert.EndsWith("mesh providers accept-cluster west", told, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Many_tries_leave_one_line_for_each_reason()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct, _time);
        var token = await LeftReady(plane);
        await EndGrace(plane);
        await Refused(plane, token, ErrorReasons.ClusterMismatch);
        await Refused(plane, token, ErrorReasons.VersionUnsupported);
        var before = await History(plane);

        for (var i = 0; i < 5; i++)
        {
            _time.Advance(TimeSpan.FromMinutes(1));
            await Refused(plane, token, ErrorReasons.ClusterMismatch);
            await Refused(plane, token, ErrorReasons.VersionUnsupported);
        }

        Assert.Equal(before, await History(plane));
        Assert.Equal(
            [ErrorReasons.ClusterMismatch, ErrorReasons.VersionUnsupported],
            (await plane.Provider("west", Ct)).AgentRefusals.Select(r => r.Reason)
        );
        Assert.Contains("an agent was refused: CLUSTER_MISMATCH", before);
        Assert.Single(before, l => l.Contains("Namespace \"workspaces\" has the UID", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Beside_a_live_session_it_is_a_note_and_decides_once_that_session_is_gone()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct, _time);
        var (_, token) = await plane.CreateProvider("west", Ct);
        var agent = await TestAgent.Attach(plane, token, Ct, Bound);

        var told = await Refused(plane, token, ErrorReasons.ClusterMismatch);
        var beside = await plane.Provider("west", Ct);
        var lines = await History(plane);
        agent.Dispose();
        await Eventually(() => plane.Provider("west", Ct), p => !p.Agent.Attached);
        await EndGrace(plane);
        await Refused(plane, token, ErrorReasons.ClusterMismatch);
        var after = await plane.Provider("west", Ct);

        Assert.Equal((ProviderStatus.Ready, ""), (beside.Status, beside.StatusCode));
        Assert.Equal(told, Assert.Single(beside.AgentRefusals).Message);
        Assert.Contains($"an agent was refused: CLUSTER_MISMATCH: {told}", lines);
        Assert.Equal((ProviderStatus.Error, StatusCodes.ClusterMismatch), (after.Status, after.StatusCode));
    }

    [Fact]
    public async Task The_right_agent_s_return_ends_it()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct, _time);
        var token = await LeftReady(plane);
        await EndGrace(plane);
        await Refused(plane, token, ErrorReasons.ClusterMismatch);

        using var agent = await TestAgent.Attach(plane, token, Ct, Bound);

        Assert.Empty((await UntilStatus(plane, "west", ProviderStatus.Ready)).AgentRefusals);
    }

    [Fact]
    public async Task What_may_pass_by_itself_is_noted_and_the_grace_goes_on()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct, _time);
        var token = await LeftReady(plane);
        for (var i = 0; i < 2; i++)
        {
            using var broken = TestAgent.Open(plane, token);
            await broken.Heartbeat(Ct);
            await broken.End(Ct);
        }

        var after = await plane.Provider("west", Ct);

        Assert.Equal(ProviderStatus.Ready, after.Status);
        Assert.Equal(ErrorReasons.ProtocolViolation, Assert.Single(after.AgentRefusals).Reason);
    }

    [Fact]
    public async Task A_control_plane_without_a_place_says_so_at_the_provider()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct, _time, o => o.MaxSessions = 1);
        var (_, first) = await plane.CreateProvider("first", Ct);
        var (_, token) = await plane.CreateProvider("west", Ct);
        using var only = await TestAgent.Attach(plane, first, Ct);
        using var agent = TestAgent.Open(plane, token);
        await agent.End(Ct);

        var after = await plane.Provider("west", Ct);

        Assert.Equal(ProviderStatus.Pending, after.Status);
        Assert.Equal(ErrorReasons.TooManySessions, Assert.Single(after.AgentRefusals).Reason);
    }

    [Fact]
    public async Task Refusal_at_another_replica_leaves_the_grace_to_the_one_that_had_the_session()
    {
        await using var first = await TestControlPlane.Start(Postgres, Ct, _time);
        await using var second = await TestControlPlane.Start(Postgres, Ct, _time, database: first.Database);
        var token = await LeftReady(first);

        await Refused(second, token, ErrorReasons.ClusterMismatch);
        await EndGrace(first);
        await Refused(second, token, ErrorReasons.ClusterMismatch);

        Assert.Equal(StatusCodes.ClusterMismatch, (await first.Provider("west", Ct)).StatusCode);
    }

    private static void Bound(Hello hello) => hello.NamespaceUid = "bound";

    /// <summary>A provider whose agent has gone a moment ago: Ready, within its grace.</summary>
    private async Task<string> LeftReady(TestControlPlane plane)
    {
        var (_, token) = await plane.CreateProvider("west", Ct);
        (await TestAgent.Attach(plane, token, Ct, Bound)).Dispose();
        var left = await Eventually(() => plane.Provider("west", Ct), p => !p.Agent.Attached);
        Assert.Equal(ProviderStatus.Ready, left.Status);
        return token;
    }

    private async Task EndGrace(TestControlPlane plane)
    {
        _time.Advance(StatusMachine.ReconnectGrace + TimeSpan.FromSeconds(1));
        var seen = await UntilStatus(plane, "west", ProviderStatus.Error);
        Assert.Equal(StatusCodes.AgentDisconnected, seen.StatusCode);
    }

    private static async Task<string> Refused(TestControlPlane plane, string token, string reason)
    {
        return await Refused(
            plane,
            token,
            h =>
            {
                h.NamespaceUid = reason == ErrorReasons.NamespaceTaken ? "taken" : "another";
                if (reason == ErrorReasons.NamespaceChanged)
                    h.Cluster.Namespace = "elsewhere";
                if (reason == ErrorReasons.VersionUnsupported)
                    (h.MinProtocolVersion, h.MaxProtocolVersion) = (90, 99);
            }
        );
    }

    /// <returns>What the agent was told.</returns>
    private static async Task<string> Refused(TestControlPlane plane, string token, Action<Hello> hello)
    {
        using var agent = TestAgent.Open(plane, token);
        await agent.Send(new ConnectRequest { Hello = TestAgent.Hello(hello) }, Ct);
        return (await agent.End(Ct)).Status.Detail;
    }

    private static async Task<List<string>> History(TestControlPlane plane)
    {
        var page = await plane.Providers.ListHistoryAsync(
            new ListHistoryRequest { Provider = "west" },
            plane.Admin,
            cancellationToken: Ct
        );
        return [.. page.Entries.Select(e => e.Summary)];
    }
}
