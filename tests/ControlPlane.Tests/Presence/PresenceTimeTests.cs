using Coder.Mesh.Agent.V1;
using Coder.Mesh.ControlPlane.Presence;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Postgres;
using Marten;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Time.Testing;
using Frame = Coder.Mesh.Agent.V1.ConnectResponse.FrameOneofCase;
using ProviderStatus = Coder.Mesh.V1.ProviderStatus;

namespace Coder.Mesh.ControlPlane.Tests.Presence;

/// <summary>Silence, graces and the sweep in virtual time, on a real server and store.</summary>
public sealed class PresenceTimeTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    [Fact]
    public async Task A_cut_stream_is_Error_exactly_after_the_reconnect_grace()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct, _time);
        var (_, token) = await plane.CreateProvider("west", Ct);
        var agent = await TestAgent.Attach(plane, token, Ct);

        agent.Dispose();
        await UntilDetached(plane);
        _time.Advance(TimeSpan.FromSeconds(29.9));
        var inGrace = await plane.Provider("west", Ct);
        _time.Advance(TimeSpan.FromSeconds(0.1));
        var after = await UntilStatus(plane, "west", ProviderStatus.Error);

        Assert.Equal(ProviderStatus.Ready, inGrace.Status);
        Assert.Equal(StatusCodes.AgentDisconnected, after.StatusCode);
        Assert.NotEmpty(after.StatusMessage);
    }

    [Fact]
    public async Task After_a_Goodbye_the_grace_is_a_minute()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct, _time);
        var (_, token) = await plane.CreateProvider("west", Ct);
        using var agent = await TestAgent.Attach(plane, token, Ct);

        await agent.Send(new ConnectRequest { Goodbye = new Goodbye { Reason = GoodbyeReason.Shutdown } }, Ct);
        await UntilDetached(plane);
        _time.Advance(TimeSpan.FromSeconds(59.9));
        var inGrace = await plane.Provider("west", Ct);
        _time.Advance(TimeSpan.FromSeconds(0.1));

        Assert.Equal(ProviderStatus.Ready, inGrace.Status);
        await UntilStatus(plane, "west", ProviderStatus.Error);
    }

    [Fact]
    public async Task An_agent_that_is_back_within_the_grace_leaves_no_change_of_status()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct, _time);
        var (id, token) = await plane.CreateProvider("west", Ct);
        (await TestAgent.Attach(plane, token, Ct, h => h.NamespaceUid = "u")).Dispose();
        await UntilDetached(plane);

        using var back = await TestAgent.Attach(plane, token, Ct, h => h.NamespaceUid = "u");
        _time.Advance(TimeSpan.FromSeconds(29));
        await back.Heartbeat(Ct);
        await back.Next(Frame.HeartbeatAck, Ct);
        _time.Advance(TimeSpan.FromSeconds(10));

        var provider = await plane.Provider("west", Ct);
        Assert.Equal((2ul, ProviderStatus.Ready), (provider.Agent.Epoch, provider.Status));
        Assert.Equal(1, await StatusChanges(plane, id));
    }

    [Fact]
    public async Task Three_missing_heartbeats_close_the_session_and_are_Error_at_once()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct, _time);
        var (_, token) = await plane.CreateProvider("west", Ct);
        using var agent = await TestAgent.Attach(plane, token, Ct);
        _time.Advance(TimeSpan.FromSeconds(29));
        await agent.Heartbeat(Ct);
        await agent.Next(Frame.HeartbeatAck, Ct);

        _time.Advance(TimeSpan.FromSeconds(29));
        var heard = await plane.Provider("west", Ct);
        _time.Advance(TimeSpan.FromSeconds(1));
        var end = await agent.End(Ct);
        var after = await UntilStatus(plane, "west", ProviderStatus.Error);

        Assert.Equal(ProviderStatus.Ready, heard.Status);
        Assert.Equal(ErrorReasons.SessionUnresponsive, Reason(end));
        Assert.Equal((StatusCodes.AgentUnresponsive, false), (after.StatusCode, after.Agent.Attached));
    }

    [Fact]
    public async Task A_control_plane_that_was_held_up_does_not_take_it_for_its_agents_silence()
    {
        var pulse = new SettablePulse();
        await using var plane = await TestControlPlane.Start(
            Postgres,
            Ct,
            _time,
            services: s => s.AddSingleton<PauseDetector>(pulse)
        );
        var (id, token) = await plane.CreateProvider("west", Ct);
        using var agent = await TestAgent.Attach(plane, token, Ct);

        pulse.Paused();
        _time.Advance(TimeSpan.FromMinutes(2));
        await agent.Heartbeat(Ct);
        await agent.Next(Frame.HeartbeatAck, Ct);
        var heard = await plane.Provider("west", Ct);
        // Silence from here on counts again.
        _time.Advance(StatusMachine.StartupGrace);
        var end = await agent.End(Ct);
        await UntilStatus(plane, "west", ProviderStatus.Error);

        Assert.Equal(ProviderStatus.Ready, heard.Status);
        Assert.Equal(ErrorReasons.SessionUnresponsive, Reason(end));
        Assert.Equal(2, await StatusChanges(plane, id));
    }

    private sealed class SettablePulse : PauseDetector
    {
        private int _pauses;

        public override int Pauses => Volatile.Read(ref _pauses);

        public override int KnownPauses => Pauses;

        public void Paused() => Interlocked.Increment(ref _pauses);
    }

    [Fact]
    public async Task Heartbeats_are_no_events()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct, _time);
        var (id, token) = await plane.CreateProvider("west", Ct);
        using var agent = await TestAgent.Attach(plane, token, Ct);
        var before = (await Events(plane, id)).Count;

        for (var i = 0; i < 20; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(9));
            await agent.Heartbeat(Ct);
            await agent.Next(Frame.HeartbeatAck, Ct);
        }

        Assert.Equal(before, (await Events(plane, id)).Count);
    }

    [Fact]
    public async Task A_readiness_that_changes_all_the_time_is_stored_now_and_then_and_its_status_at_once()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct, _time);
        var (id, token) = await plane.CreateProvider("west", Ct);
        using var agent = await TestAgent.Attach(plane, token, Ct);
        var before = (await Events(plane, id)).Count;

        for (var i = 0; i < 1_000; i++)
            await Report(agent, $"free: {i}", well: true);
        var flood = (await Events(plane, id)).Count;
        await Report(agent, "free: none", well: false);
        var error = await UntilStatus(plane, "west", ProviderStatus.Error);
        for (var i = 0; i < 1_000; i++)
            await Report(agent, $"broken: {i}", well: false);
        var broken = (await Events(plane, id)).Count;
        _time.Advance(PresenceStore.ReadinessPace.Interval - TimeSpan.FromSeconds(1));
        await Report(agent, "broken: at last", well: false);
        _time.Advance(TimeSpan.FromSeconds(1));

        // That it became Ready took one.
        Assert.Equal(before + PresenceStore.ReadinessPace.Burst - 1, flood);
        Assert.Equal("free: none", error.StatusMessage);
        Assert.Equal(flood + 2, broken);
        await Eventually(() => plane.Provider("west", Ct), p => p.StatusMessage == "broken: at last");
        Assert.Equal(broken + 2, (await Events(plane, id)).Count);
    }

    private static async Task Report(TestAgent agent, string message, bool well)
    {
        var report = TestAgent.Ready();
        report.Conditions[0].Message = message;
        if (!well)
            (report.Conditions[0].Status, report.Conditions[0].Code) = (Coder.Mesh.V1.ConditionStatus.False, "broken");
        await agent.Heartbeat(Ct, report);
        await agent.Next(Frame.HeartbeatAck, Ct);
    }

    [Fact]
    public async Task A_provider_whose_replica_and_agent_are_gone_is_Error_after_the_startup_grace_though_nobody_calls()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct, _time);
        var (id, token) = await plane.CreateProvider("west", Ct);
        using (await TestAgent.Attach(plane, token, Ct))
            await plane.Stop();

        using var logs = new FakeLoggerProvider();
        await using var next = await StartAgain(plane, logs);
        await Logged(logs, 1403);
        _time.Advance(TimeSpan.FromSeconds(59.9));
        var inGrace = await Events(next, id);
        _time.Advance(TimeSpan.FromSeconds(0.1));
        await Logged(logs, 1400);

        Assert.Single(inGrace.OfType<StatusChanged>());
        var provider = await next.Provider("west", Ct);
        Assert.Equal((StatusCodes.AgentDisconnected, false), (provider.StatusCode, provider.Agent.Attached));
    }

    [Fact]
    public async Task An_agent_that_attaches_within_the_startup_grace_stays_Ready_through_it()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct, _time);
        var (id, token) = await plane.CreateProvider("west", Ct);
        using (await TestAgent.Attach(plane, token, Ct, h => h.NamespaceUid = "u"))
            await plane.Stop();

        using var logs = new FakeLoggerProvider();
        await using var next = await StartAgain(plane, logs);
        await Logged(logs, 1403);
        using var agent = await TestAgent.Attach(next, token, Ct, h => h.NamespaceUid = "u");
        for (var i = 0; i < 7; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(10));
            await agent.Heartbeat(Ct);
            await agent.Next(Frame.HeartbeatAck, Ct);
        }

        Assert.Equal(1, await StatusChanges(next, id));
    }

    private Task<TestControlPlane> StartAgain(TestControlPlane plane, FakeLoggerProvider logs) =>
        TestControlPlane.Start(
            Postgres,
            Ct,
            _time,
            database: plane.Database,
            services: s => s.AddSingleton<ILoggerProvider>(logs)
        );

    private static Task Logged(FakeLoggerProvider logs, int eventId) =>
        Eventually(() => Task.FromResult(logs.Collector.GetSnapshot().Any(r => r.Id.Id == eventId)), logged => logged);

    private static Task UntilDetached(TestControlPlane plane) =>
        Eventually(() => plane.Provider("west", Ct), p => !p.Agent.Attached);

    private static async Task<int> StatusChanges(TestControlPlane plane, string id) =>
        (await Events(plane, id)).OfType<StatusChanged>().Count();

    private static async Task<IReadOnlyList<object>> Events(TestControlPlane plane, string id)
    {
        await using var session = plane.Services.GetRequiredService<IDocumentStore>().QuerySession();
        var events = await session.Events.FetchStreamAsync(StreamKeys.Presence(id), token: Ct);
        return [.. events.Select(e => e.Data)];
    }
}
