using Coder.Mesh.ControlPlane.Agents;
using Coder.Mesh.ControlPlane.Api;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.History;
using Coder.Mesh.ControlPlane.Mapping;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.ControlPlane.Tests.Rules;
using Coder.Mesh.ControlPlane.Watches;
using Coder.Mesh.ControlPlane.Workspaces;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Workspace = Coder.Mesh.ControlPlane.Workspaces.Workspace;

namespace Coder.Mesh.ControlPlane.Tests.Watches;

/// <summary>What commits late is told in its place, and never skipped.</summary>
public sealed class WatchOrderTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    [Fact]
    public async Task A_transaction_with_a_lower_sequence_that_commits_after_a_higher_one_is_not_skipped()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        await mesh.BuiltInReady();
        var held = await mesh.Plane.CreateWorkspace("held", Ct);
        var fast = await mesh.Plane.CreateWorkspace("fast", Ct);
        using var watch = await WatchProbe.Workspaces(mesh.Plane, Ct);
        await using var database = NpgsqlDataSource.Create(mesh.Database);
        await using var connection = await database.OpenConnectionAsync(Ct);
        await using var transaction = await connection.BeginTransactionAsync(Ct);
        await Stop(mesh.Plane, held.Id, transaction);
        await mesh.Plane.Workspaces.StopWorkspaceAsync(
            new() { Workspace = fast.Id },
            mesh.Plane.Admin,
            cancellationToken: Ct
        );
        Assert.Equal([held.Id, fast.Id], await SequenceOrder(connection, transaction));

        var next = watch.Next(Ct);
        // Something else that the reader of the feed has surely seen the end of, for it was read after it.
        var list = await mesh.Plane.Workspaces.ListWorkspacesAsync(new(), mesh.Plane.Admin, cancellationToken: Ct);
        using var late = await WatchProbe.Workspaces(mesh.Plane, Ct, new() { ResumeToken = list.ResumeToken });
        Assert.False(next.IsCompleted);
        await transaction.CommitAsync(Ct);

        var first = await next;
        var second = await watch.Next(Ct);
        Assert.Equal(
            [(held.Id, 2ul), (fast.Id, 2ul)],
            new[] { first, second }.Select(m => (m.Workspace.Id, m.Workspace.ResourceVersion))
        );
    }

    [Fact]
    public async Task What_commits_while_a_list_is_read_comes_after_its_token()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        await mesh.BuiltInReady();
        var workspace = await mesh.Plane.CreateWorkspace("dev", Ct);
        await using var connection = new NpgsqlConnection(mesh.Database);
        await connection.OpenAsync(Ct);
        await using var transaction = await connection.BeginTransactionAsync(Ct);
        await using (
            var hold = new NpgsqlCommand("lock table mesh.mt_doc_workspace in access exclusive mode", connection)
        )
            await hold.ExecuteNonQueryAsync(Ct);
        await Stop(mesh.Plane, workspace.Id, transaction);

        using var listing = mesh.Plane.Workspaces.ListWorkspacesAsync(new(), mesh.Plane.Admin, cancellationToken: Ct);
        await Eventually(() => Waiting(mesh.Database), waiting => waiting.Count == 1);
        await transaction.CommitAsync(Ct);
        var list = await listing;

        using var watch = await WatchProbe.Workspaces(mesh.Plane, Ct, new() { ResumeToken = list.ResumeToken });
        await Eventually(() => watch.Next(Ct), m => m.Workspace.ResourceVersion == 2);
    }

    /// <summary>
    /// The feed goes by ids of transactions. One that has its id before it reads a stream may append to what a later
    /// one has left there, and would come before it.
    /// </summary>
    [Fact]
    public async Task A_report_has_no_transaction_id_before_its_workspaces_are_read()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        await mesh.BuiltInReady();
        var workspace = await mesh.Plane.CreateWorkspace("dev", Ct);
        var agent = mesh.Agent("built-in");
        await using (var held = await HeldLock.Streams(mesh.Database, Ct))
        {
            await agent.Observe(workspace.Id, 1, WorkspaceState.Running, Ct);
            await held.Until(waiting: 1, Ct);

            Assert.Empty(await Waiting(mesh.Database, "and backend_xid is not null"));
        }

        await UntilState(mesh.Plane, workspace.Id, WorkspaceState.Running);
    }

    /// <param name="apart">Whether a transaction that runs parts them: the later one is read only after it has
    /// ended.</param>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Rows_of_one_stream_that_stand_in_another_order_end_in_its_latest_version(bool apart)
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        await using var database = NpgsqlDataSource.Create(mesh.Database);
        await using var connection = await database.OpenConnectionAsync(Ct);
        await mesh.BuiltInReady();
        var list = await mesh.Plane.Workspaces.ListWorkspacesAsync(new(), mesh.Plane.Admin, cancellationToken: Ct);
        var id = (await mesh.Plane.CreateWorkspace("dev", Ct)).Id;
        await mesh.Plane.Workspaces.StopWorkspaceAsync(
            new() { Workspace = id },
            mesh.Plane.Admin,
            cancellationToken: Ct
        );
        await using var between = await connection.BeginTransactionAsync(Ct);
        if (apart)
            await using (var begin = new NpgsqlCommand("select pg_current_xact_id()", connection))
                await begin.ExecuteScalarAsync(Ct);
        await mesh.Plane.Workspaces.StartWorkspaceAsync(
            new() { Workspace = id },
            mesh.Plane.Admin,
            cancellationToken: Ct
        );
        await using (
            var swap = database.CreateCommand(
                $"""
                update {ChangeFeed.Table} f set xid = other.xid from {ChangeFeed.Table} other
                where f.stream = '{StreamKeys.Workspace(id)}' and other.stream = f.stream
                  and f.version_after + other.version_after = 5 and f.version_after in (2, 3)
                """
            )
        )
            Assert.Equal(2, await swap.ExecuteNonQueryAsync(Ct));

        using var watch = await WatchProbe.Workspaces(mesh.Plane, Ct, new() { ResumeToken = list.ResumeToken });
        var told = new List<Coder.Mesh.V1.Workspace>();
        while (told.Count < 2)
            told.Add((await watch.Next(Ct)).Workspace);
        await between.RollbackAsync(Ct);
        told.Add((await watch.Next(Ct)).Workspace);

        Assert.Equal([1ul, 3ul, 3ul], told.Select(w => w.ResourceVersion));
        Assert.Equal(await mesh.Plane.Workspace(id, Ct), told[^1]);
    }

    private static async Task<List<int>> Waiting(string database, string which = "")
    {
        await using var connection = new NpgsqlConnection(database);
        await connection.OpenAsync(Ct);
        await using var command = new NpgsqlCommand(
            $"select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' {which}",
            connection
        );
        await using var rows = await command.ExecuteReaderAsync(Ct);
        var pids = new List<int>();
        while (await rows.ReadAsync(Ct))
            pids.Add(rows.GetInt32(0));
        return pids;
    }

    private static async Task Stop(TestControlPlane plane, string workspaceId, NpgsqlTransaction transaction)
    {
        await using var session = plane.Services.GetRequiredService<StoreSessions>().Write("late", transaction);
        var stream = await session.Events.FetchForWriting<Workspace>(StreamKeys.Workspace(workspaceId), Ct);
        stream.AppendOne(new WorkspaceStopRequested(2, "", DateTimeOffset.UtcNow));
        await session.SaveChangesAsync(Ct);
    }

    private static async Task<List<string>> SequenceOrder(NpgsqlConnection connection, NpgsqlTransaction transaction)
    {
        await using var command = new NpgsqlCommand(
            "select stream_id from mesh.mt_events where type = 'workspace.stop_requested.v1' order by seq_id",
            connection,
            transaction
        );
        await using var rows = await command.ExecuteReaderAsync(Ct);
        var ids = new List<string>();
        while (await rows.ReadAsync(Ct))
            ids.Add(StreamKeys.WorkspaceOf(rows.GetString(0))!);
        return ids;
    }
}
