using Coder.Mesh.Agent.V1;
using Coder.Mesh.ControlPlane.Agents;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Replicas;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Frame = Coder.Mesh.Agent.V1.ConnectResponse.FrameOneofCase;

namespace Coder.Mesh.ControlPlane.Tests.Storage;

/// <summary>
/// PostgreSQL killed and started again under a running control plane; a server of its own, for it is killed.
/// </summary>
public sealed class StoreOutageTests() : ControlPlaneTestBase(new PostgresFixture()), IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => Postgres.DisposeAsync();

    [Fact]
    public async Task Streams_stay_up_and_reports_are_acknowledged_once_the_store_is_back()
    {
        await using var plane = await StartOnKillable();
        var (_, token) = await plane.BuiltIn(Ct);
        using var agent = await TestAgent.Attach(plane, token, Ct);
        await agent.Snapshot(Ct);
        var id = (await plane.CreateWorkspace("dev", Ct)).Id;
        await agent.Next(Frame.WorkspaceDesired, Ct);

        await Postgres.Kill(Ct);
        await agent.Observe(id, 1, WorkspaceState.Running, Ct);
        var refused = await Assert.ThrowsAsync<RpcException>(() => plane.CreateWorkspace("other", Ct));
        await agent.Heartbeat(Ct);
        var duringOutage = (await agent.Next(Frame.HeartbeatAck, Ct)).FrameCase;
        await Postgres.Restart(Ct);
        var ack = await KeepTicking(agent.Next(Frame.ObservedAck, Ct));

        Assert.Equal((StatusCode.Unavailable, ErrorReasons.StoreUnavailable), (refused.StatusCode, Reason(refused)));
        Assert.Equal(Frame.HeartbeatAck, duringOutage);
        Assert.Equal(id, ack.ObservedAck.WorkspaceId);
        Assert.Equal(WorkspaceState.Running, (await plane.Workspace("dev", Ct)).State);
    }

    [Fact]
    public async Task A_ring_that_the_store_could_not_answer_is_heard_when_it_is_back()
    {
        await using var plane = await StartOnKillable();
        var (providerId, token) = await plane.BuiltIn(Ct);
        using var agent = await TestAgent.Attach(plane, token, Ct);
        await agent.Snapshot(Ct);
        var id = (await plane.CreateWorkspace("dev", Ct)).Id;
        await agent.Next(Frame.WorkspaceDesired, Ct);

        await Postgres.Kill(Ct);
        // As for a wish that was committed in the store's last moment.
        plane.Services.GetRequiredService<IAgentNotifier>().DesiredStateChanged(providerId, id);
        await Eventually(
            () => Task.FromResult(plane.Log),
            log => log.Contains("Cannot synchronize workspaces", StringComparison.Ordinal)
        );
        await Postgres.Restart(Ct);
        var desired = await KeepTicking(agent.Next(Frame.WorkspaceDesired, Ct));

        Assert.Equal(id, desired.WorkspaceDesired.WorkspaceId);
    }

    [Fact]
    public async Task Attaching_without_the_store_is_UNAVAILABLE()
    {
        await using var plane = await StartOnKillable();
        var (_, token) = await plane.BuiltIn(Ct);
        await Postgres.Kill(Ct);

        using var agent = TestAgent.Open(plane, token);
        var error = await agent.End(Ct);

        Assert.Equal((StatusCode.Unavailable, ErrorReasons.StoreUnavailable), (error.StatusCode, Reason(error)));
    }

    [Fact]
    public async Task A_grace_that_ends_during_an_outage_begins_again_after_it()
    {
        await using var plane = await StartOnKillable();
        var (_, token) = await plane.BuiltIn(Ct);
        var agent = await TestAgent.Attach(plane, token, Ct);
        await Postgres.Kill(Ct);
        agent.Dispose();
        // The detach can't be stored: by that the owner knows of the outage.
        var health = plane.Services.GetRequiredService<StoreHealth>();
        await Eventually(() => Task.FromResult(health.UnavailableSince), since => since is not null);
        _time.Advance(TimeSpan.FromMinutes(4));

        await Postgres.Restart(Ct);
        await KeepTicking(Eventually(() => Read(plane), p => p is { Agent.Attached: false }));
        var back = await Read(plane);
        _time.Advance(TimeSpan.FromSeconds(50));
        var inGrace = await Read(plane);
        _time.Advance(TimeSpan.FromSeconds(11));

        Assert.Equal(ProviderStatus.Ready, back!.Status);
        Assert.Equal(ProviderStatus.Ready, inGrace!.Status);
        await UntilStatus(plane, "built-in", ProviderStatus.Error);
    }

    [Fact]
    public async Task After_five_minutes_without_the_store_all_sessions_are_closed()
    {
        await using var plane = await StartOnKillable();
        var (_, token) = await plane.BuiltIn(Ct);
        using var agent = await TestAgent.Attach(plane, token, Ct);

        await Postgres.Kill(Ct);
        var end = agent.End(Ct);
        for (var minute = 0; minute < 40 && !end.IsCompleted; minute++)
        {
            // The agent goes on with its heartbeats, so that nothing but the outage can end its session.
            try
            {
                await agent.Heartbeat(Ct);
            }
            catch (Exception e) when (e is RpcException or InvalidOperationException or IOException)
            {
                break;
            }

            await Assert.ThrowsAsync<RpcException>(() => plane.Provider("built-in", Ct));
            _time.Advance(TimeSpan.FromSeconds(10));
        }

        Assert.Equal(ErrorReasons.StoreUnavailable, Reason(await end));
    }

    private async Task<TestControlPlane> StartOnKillable()
    {
        var plane = await TestControlPlane.Start(Postgres, Ct, _time);
        Assert.SkipUnless(Postgres.CanKill, "PostgreSQL of these tests is not ours to kill: " + Postgres.Source);
        return plane;
    }

    private static async Task<Provider?> Read(TestControlPlane plane)
    {
        try
        {
            return await plane.Provider("built-in", Ct);
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.Unavailable)
        {
            return null;
        }
    }

    /// <summary>Lets virtual time pass in small steps until something has happened.</summary>
    private async Task<T> KeepTicking<T>(Task<T> happens)
    {
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (!happens.IsCompleted && await pace.WaitForNextTickAsync(Ct))
            _time.Advance(TimeSpan.FromSeconds(0.1));
        return await happens;
    }
}
