using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Grpc.Core;
using Npgsql;
using Frame = Coder.Mesh.Agent.V1.ConnectResponse.FrameOneofCase;

namespace Coder.Mesh.ControlPlane.Tests.Storage;

/// <summary>A store that is there, but slow, full, read-only, or has just cut every connection.</summary>
public sealed class StoreTroubleTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    [Fact]
    public async Task A_failover_that_cuts_all_connections_ends_no_session_and_loses_nothing()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var (id, token) = await plane.CreateProvider("west", Ct);
        using var other = await TestAgent.Attach(plane, token, Ct);
        using var agent = await AttachBuiltIn(plane);
        var workspace = (await plane.CreateWorkspace("dev", Ct)).Id;
        await agent.Next(Frame.WorkspaceDesired, Ct);

        for (var i = 0; i < 5; i++)
        {
            await Sql(
                plane,
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
            );
            await agent.Observe(workspace, 1, i % 2 == 0 ? WorkspaceState.Running : WorkspaceState.Starting, Ct);
            await agent.Next(Frame.ObservedAck, Ct);
        }

        await other.Heartbeat(Ct);
        await other.Next(Frame.HeartbeatAck, Ct);
        var seen = await Eventually(() => Read(plane, "dev"), w => w is { State: WorkspaceState.Running });
        Assert.Equal(workspace, seen!.Id);
        Assert.Equal(
            1,
            await Count(
                plane,
                $"select count(*) from mesh.mt_events where stream_id = 'presence-{id}' and type = 'presence.status_changed.v1'"
            )
        );
    }

    [Theory]
    [InlineData("25006", "a standby")]
    [InlineData("53100", "a full disk")]
    [InlineData("25P03", "a transaction that was idle for too long")]
    public async Task A_store_that_takes_no_writes_refuses_them_as_UNAVAILABLE_keeps_sessions_and_goes_on_when_it_can(
        string state,
        string what
    )
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await AttachBuiltIn(plane);
        var workspace = (await plane.CreateWorkspace("dev", Ct)).Id;
        await agent.Next(Frame.WorkspaceDesired, Ct);
        await OnWrite(plane, $"raise exception 'as {what} says it' using errcode = '{state}'");

        var refused = await Assert.ThrowsAsync<RpcException>(() => plane.CreateWorkspace("other", Ct));
        await agent.Observe(workspace, 1, WorkspaceState.Running, Ct);
        await agent.Heartbeat(Ct);
        var answer = await agent.Next(Ct);
        await Sql(plane, "drop trigger trouble on mesh.mt_events");
        var ack = await agent.Next(Frame.ObservedAck, Ct);

        Assert.Equal((StatusCode.Unavailable, ErrorReasons.StoreUnavailable), (refused.StatusCode, Reason(refused)));
        Assert.Equal(Frame.HeartbeatAck, answer.FrameCase);
        Assert.Equal(workspace, ack.ObservedAck.WorkspaceId);
        Assert.Equal(WorkspaceState.Running, (await plane.Workspace("dev", Ct)).State);
        Assert.Equal("other", (await plane.CreateWorkspace("other", Ct)).Name);
    }

    [Fact]
    public async Task A_store_that_takes_a_second_for_each_write_slows_writes_down_and_nothing_else()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await AttachBuiltIn(plane);
        await OnWrite(plane, "perform pg_sleep(1); return new");

        var creating = Enumerable.Range(0, 5).Select(i => plane.CreateWorkspace($"dev-{i}", Ct)).ToList();
        for (var i = 0; i < 20; i++)
            await agent.Heartbeat(Ct);
        var answers = new List<Frame>();
        while (answers.Count(f => f == Frame.HeartbeatAck) < 20)
            answers.Add((await agent.Next(Ct)).FrameCase);
        var answeredFirst = !creating.Exists(c => c.IsCompleted);
        var created = await Task.WhenAll(creating);
        foreach (var workspace in created)
            await agent.Observe(workspace.Id, 1, WorkspaceState.Running, Ct);
        for (var i = 0; i < created.Length; i++)
            await agent.Next(Frame.ObservedAck, Ct);

        Assert.True(answeredFirst, "heartbeats waited for writes");
        Assert.Equal(
            5,
            (
                await plane.Workspaces.ListWorkspacesAsync(
                    new ListWorkspacesRequest { State = WorkspaceState.Running },
                    plane.Admin,
                    cancellationToken: Ct
                )
            )
                .Workspaces
                .Count
        );
    }

    private static async Task<TestAgent> AttachBuiltIn(TestControlPlane plane)
    {
        var (_, token) = await plane.BuiltIn(Ct);
        var agent = await TestAgent.Attach(plane, token, Ct);
        await agent.Snapshot(Ct);
        await agent.Next(Frame.SnapshotComplete, Ct);
        return agent;
    }

    private static async Task<Workspace?> Read(TestControlPlane plane, string name)
    {
        try
        {
            return await plane.Workspace(name, Ct);
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.Unavailable)
        {
            return null;
        }
    }

    /// <summary>Every append of an event from now on does this first.</summary>
    private static Task OnWrite(TestControlPlane plane, string what) =>
        Sql(
            plane,
            $"""
            create function mesh.trouble() returns trigger language plpgsql as $f$ begin {what}; end $f$;
            create trigger trouble before insert on mesh.mt_events for each row execute function mesh.trouble()
            """
        );

    private static async Task Sql(TestControlPlane plane, string sql)
    {
        await using var connection = new NpgsqlConnection(plane.Database + ";Pooling=false");
        await connection.OpenAsync(Ct);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(Ct);
    }

    private static async Task<long> Count(TestControlPlane plane, string sql)
    {
        await using var connection = new NpgsqlConnection(plane.Database + ";Pooling=false");
        await connection.OpenAsync(Ct);
        await using var command = new NpgsqlCommand(sql, connection);
        return (long)(await command.ExecuteScalarAsync(Ct))!;
    }
}
