using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Tests.Hosting;
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
