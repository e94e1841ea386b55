using Coder.Mesh.Agent.V1;
using Coder.Mesh.ControlPlane.Agents;
using Coder.Mesh.ControlPlane.Observability;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;
using Frame = Coder.Mesh.Agent.V1.ConnectResponse.FrameOneofCase;

namespace Coder.Mesh.ControlPlane.Tests.Agents;

/// <summary>What one agent, or one caller, can make this process do at most.</summary>
public sealed class LimitsTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    [Fact]
    public async Task An_agent_that_floods_is_ended_with_the_limit_named_and_counted_and_may_come_back()
    {
        await using var plane = await TestControlPlane.Start(
            Postgres,
            Ct,
            options: o => (o.FramesPerSecond, o.FrameBurst, o.ControlCapacity) = (10, 1_000, 16)
        );
        using var ends = Collect(plane, "mesh.agent.session.ends");
        var (_, token) = await plane.CreateProvider("west", Ct);
        using var agent = await TestAgent.Attach(plane, token, Ct, h => h.NamespaceUid = "u");

        var flood = Flood(agent, frames: 5_000);
        var end = await agent.End(Ct);
        await flood;
        using var again = await TestAgent.Attach(plane, token, Ct, h => h.NamespaceUid = "u");

        Assert.Equal((StatusCode.ResourceExhausted, ErrorReasons.SessionFlooding), (end.StatusCode, Reason(end)));
        Assert.Contains("10 frames a second, 1000 at once", end.Status.Detail, StringComparison.Ordinal);
        Assert.Equal(["flooding"], ends.GetMeasurementSnapshot().Select(m => m.Tags["mesh.session.end"]));
        Assert.Equal(2ul, again.Welcome.Epoch);
    }

    [Fact]
    public async Task A_snapshot_of_ten_thousand_workspaces_one_to_a_part_and_as_many_reports_are_no_flood()
    {
        const int Workspaces = 10_000;
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var (_, token) = await plane.CreateProvider("west", Ct);
        using var agent = await TestAgent.Attach(plane, token, Ct);
        var ids = Enumerable.Range(0, Workspaces).Select(_ => Guid.NewGuid().ToString("n")).ToList();

        var told = agent.Next(Frame.SnapshotComplete, Ct);
        foreach (var id in ids)
            await agent.Send(Part(agent.Observation(id, 1, WorkspaceState.Running), complete: id == ids[^1]), Ct);
        foreach (var id in ids)
            await agent.Observe(id, 1, WorkspaceState.Stopped, Ct);

        Assert.NotNull((await told).SnapshotComplete);
        await agent.Heartbeat(Ct);
        Assert.NotNull(await agent.Next(Frame.HeartbeatAck, Ct));
    }

    [Fact]
    public async Task An_agent_beyond_the_most_sessions_is_refused_before_its_Hello_and_a_place_that_is_free_is_given()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct, options: o => o.MaxSessions = 1);
        using var refusals = Collect(plane, "mesh.agent.refusals");
        var (_, one) = await plane.CreateProvider("one", Ct);
        var (_, other) = await plane.CreateProvider("other", Ct);
        var holder = await TestAgent.Attach(plane, one, Ct);

        using var excess = TestAgent.Open(plane, other);
        var refused = await excess.End(Ct);
        holder.Dispose();

        Assert.Equal(
            (StatusCode.ResourceExhausted, ErrorReasons.TooManySessions),
            (refused.StatusCode, Reason(refused))
        );
        Assert.Equal(
            [ErrorReasons.TooManySessions],
            refusals.GetMeasurementSnapshot().Select(m => m.Tags["mesh.reason"])
        );
        Assert.Equal(0ul, (await plane.Provider("other", Ct)).Agent?.Epoch ?? 0);
        Assert.True(await Eventually(() => Attaches(plane, other), attached => attached));
    }

    [Fact]
    public async Task An_agent_that_reports_ever_more_workspaces_while_the_store_hangs_is_ended_and_memory_stays_bounded()
    {
        await using var plane = await TestControlPlane.Start(
            Postgres,
            Ct,
            options: o => o.MaxWorkspacesPerSnapshot = 100
        );
        var (id, token) = await plane.CreateProvider("west", Ct);
        using var agent = await TestAgent.Attach(plane, token, Ct);
        var session = plane.Services.GetRequiredService<AgentSessions>().Find(id)!;
        await using var connection = new Npgsql.NpgsqlConnection(plane.Database);
        await connection.OpenAsync(Ct);
        await using var held = await connection.BeginTransactionAsync(Ct);
        await using (
            var command = new Npgsql.NpgsqlCommand(
                "lock table mesh.mt_doc_providerpresence in access exclusive mode",
                connection
            )
        )
            await command.ExecuteNonQueryAsync(Ct);

        for (var i = 0; i <= 2 * 110; i++)
            await agent.Observe(Guid.NewGuid().ToString("n"), 1, WorkspaceState.Running, Ct);
        await session.Closing.WaitHandle.WaitOneAsync(Ct);
        var end = agent.End(Ct);
        await held.RollbackAsync(Ct);

        Assert.Equal(ErrorReasons.SessionFlooding, Reason(await end));
    }

    private static async Task<bool> Attaches(TestControlPlane plane, string token)
    {
        try
        {
            using var agent = await TestAgent.Attach(plane, token, Ct, h => h.NamespaceUid = "u");
            return true;
        }
        catch (RpcException e) when (Reason(e) == ErrorReasons.TooManySessions)
        {
            return false;
        }
    }

    private static ConnectRequest Part(WorkspaceObserved workspace, bool complete) =>
        new()
        {
            Snapshot = new Snapshot { Workspaces = { workspace }, Complete = complete },
        };

    private static async Task Flood(TestAgent agent, int frames)
    {
        try
        {
            for (var i = 0; i < frames; i++)
                await agent.Heartbeat(Ct);
        }
        catch (Exception e) when (e is RpcException or InvalidOperationException or IOException)
        {
            // The session was ended.
        }
    }

    private static MetricCollector<long> Collect(TestControlPlane plane, string instrument) =>
        new(plane.Services.GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>(), Meters.Name, instrument);
}
