using Coder.Mesh.Agent.V1;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.ControlPlane.Workspaces;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Postgres;
using Google.Rpc;
using Grpc.Core;
using Marten;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Frame = Coder.Mesh.Agent.V1.ConnectResponse.FrameOneofCase;
using WorkspaceObserved = Coder.Mesh.Agent.V1.WorkspaceObserved;
using WorkspaceState = Coder.Mesh.V1.WorkspaceState;

namespace Coder.Mesh.ControlPlane.Tests.Agents;

/// <summary>
/// Agents that change what they report, or come and go, as fast as they can: what is stored of it is bounded.
/// </summary>
public sealed class StoredPaceTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    private const int Many = 500;

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    [Fact]
    public async Task States_that_alternate_are_stored_a_burst_at_once_and_then_the_latest_in_each_interval()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct, _time);
        var (_, token) = await plane.BuiltIn(Ct);
        using var agent = await TestAgent.Attach(plane, token, Ct);
        var workspace = (await plane.CreateWorkspace("dev", Ct)).Id;
        var before = await Events(plane, StreamKeys.Workspace(workspace));

        for (var i = 0; i < WorkspaceDecider.ReportPace.Burst; i++)
            Assert.Equal(
                await Observe(agent, workspace, i),
                (await agent.Next(Frame.ObservedAck, Ct)).ObservedAck.Version
            );
        for (var i = 0; i < Many; i++)
            await Observe(agent, workspace, i);
        var last = await Observe(agent, workspace, Many, "at last");
        await Read(agent);
        var flood = await Events(plane, StreamKeys.Workspace(workspace));
        var shown = await plane.Workspace("dev", Ct);
        _time.Advance(WorkspaceDecider.ReportPace.Interval);

        Assert.Equal(before + WorkspaceDecider.ReportPace.Burst, flood);
        Assert.NotEqual("at last", shown.StateMessage);
        // Acknowledged is only what is stored.
        Assert.Equal(last, (await agent.Next(Frame.ObservedAck, Ct)).ObservedAck.Version);
        Assert.Equal("at last", (await plane.Workspace("dev", Ct)).StateMessage);
        Assert.Equal(flood + 1, await Events(plane, StreamKeys.Workspace(workspace)));
    }

    [Fact]
    public async Task A_new_session_has_no_new_burst_and_a_workspace_waits_for_no_other()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct, _time);
        var (_, token) = await plane.BuiltIn(Ct);
        using var first = await TestAgent.Attach(plane, token, Ct, Same);
        var workspace = (await plane.CreateWorkspace("dev", Ct)).Id;
        var other = (await plane.CreateWorkspace("other", Ct)).Id;
        for (var i = 0; i < WorkspaceDecider.ReportPace.Burst; i++)
        {
            await Observe(first, workspace, i);
            await first.Next(Frame.ObservedAck, Ct);
        }

        using var second = await TestAgent.Attach(plane, token, Ct, Same);
        var waits = await Observe(second, workspace, 0, "in another session");
        var goes = await Observe(second, other, 0);

        Assert.Equal(goes, (await second.Next(Frame.ObservedAck, Ct)).ObservedAck.Version);
        _time.Advance(WorkspaceDecider.ReportPace.Interval);
        Assert.Equal(waits, (await second.Next(Frame.ObservedAck, Ct)).ObservedAck.Version);
    }

    [Fact]
    public async Task Generations_that_snapshots_raise_again_and_again_are_bounded_too()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct, _time);
        var (_, token) = await plane.BuiltIn(Ct);
        using var agent = await TestAgent.Attach(plane, token, Ct);
        var workspace = (await plane.CreateWorkspace("dev", Ct)).Id;
        var before = await Events(plane, StreamKeys.Workspace(workspace));

        for (var i = 1; i <= 100; i++)
        {
            var report = agent.Observation(workspace, 1, WorkspaceState.Running);
            report.Held = new HeldWorkspace { Generation = (ulong)(10 * i) };
            await agent.Snapshot(Ct, report);
            await agent.Next(Frame.SnapshotComplete, Ct);
        }

        var flood = await Events(plane, StreamKeys.Workspace(workspace));
        _time.Advance(WorkspaceDecider.ReportPace.Interval);

        Assert.Equal(before + WorkspaceDecider.ReportPace.Burst, flood);
        await Eventually(
            async () =>
            {
                // The timer of the retry may start after the first advance.
                await agent.Heartbeat(Ct);
                _time.Advance(TimeSpan.FromSeconds(1));
                return await Events(plane, StreamKeys.Workspace(workspace));
            },
            events => events == flood + 1
        );
    }

    [Fact]
    public async Task An_agent_that_attaches_and_breaks_all_the_time_is_told_to_wait_and_let_in_when_it_has()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct, _time);
        var (id, token) = await plane.CreateProvider("west", Ct);
        for (var i = 0; i < Admission.AttachPace.Burst; i++)
            (await TestAgent.Attach(plane, token, Ct, Same)).Dispose();
        await Eventually(() => plane.Provider("west", Ct), p => !p.Agent.Attached);

        var refused = await Refused(plane, token, Same);
        var stored = await Events(plane, StreamKeys.Presence(id));
        for (var i = 0; i < 50; i++)
            await Refused(plane, token, Same);
        var flood = await Events(plane, StreamKeys.Presence(id));
        _time.Advance(Admission.AttachPace.Interval);
        using var agent = await TestAgent.Attach(plane, token, Ct, Same);

        Assert.Equal(
            (StatusCode.ResourceExhausted, ErrorReasons.TooManyAttaches),
            (refused.StatusCode, Reason(refused))
        );
        var delay = refused.GetRpcStatus()?.GetDetail<RetryInfo>()?.RetryDelay.ToTimeSpan();
        Assert.Equal(Admission.AttachPace.Interval, delay);
        Assert.Equal(stored, flood);
    }

    [Fact]
    public async Task Clusters_that_are_offered_in_turns_are_bounded_and_the_last_one_is_shown_in_time()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct, _time);
        var (id, token) = await plane.CreateProvider("west", Ct);
        (await TestAgent.Attach(plane, token, Ct, Same)).Dispose();
        await Eventually(() => plane.Provider("west", Ct), p => !p.Agent.Attached);
        var before = await Events(plane, StreamKeys.Presence(id));

        for (var i = 0; i < 50; i++)
            await Refused(plane, token, hello => hello.NamespaceUid = $"another-{i}");
        var flood = await Events(plane, StreamKeys.Presence(id));
        _time.Advance(Admission.AttachPace.Interval);
        await Refused(plane, token, hello => hello.NamespaceUid = "at-last");

        // One for the refusal itself, one for its status.
        Assert.InRange(flood - before, 1, Admission.AttachPace.Burst + 2);
        Assert.Equal("at-last", (await plane.Provider("west", Ct)).OfferedCluster.NamespaceUid);
    }

    private static void Same(Hello hello) => hello.NamespaceUid = "u";

    private static async Task<RpcException> Refused(TestControlPlane plane, string token, Action<Hello> hello)
    {
        using var agent = TestAgent.Open(plane, token);
        await agent.Send(new ConnectRequest { Hello = TestAgent.Hello(hello) }, Ct);
        return await agent.End(Ct);
    }

    private static async Task<ulong> Observe(TestAgent agent, string workspace, int i, string message = "")
    {
        var state = i % 2 == 0 ? WorkspaceState.Running : WorkspaceState.Starting;
        WorkspaceObserved report = agent.Observation(workspace, 1, state);
        report.Message = message;
        await agent.Send(new ConnectRequest { WorkspaceObserved = report }, Ct);
        return report.Version;
    }

    /// <summary>Returns when all that was sent before was read, and had the time to be stored.</summary>
    private static async Task Read(TestAgent agent)
    {
        await agent.Heartbeat(Ct);
        await agent.Next(Frame.HeartbeatAck, Ct);
        await agent.Snapshot(Ct);
        await agent.Next(Frame.SnapshotComplete, Ct);
    }

    private static async Task<int> Events(TestControlPlane plane, string stream)
    {
        await using var session = plane.Services.GetRequiredService<IDocumentStore>().QuerySession();
        return (await session.Events.FetchStreamAsync(stream, token: Ct)).Count;
    }
}
