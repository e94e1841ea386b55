using Coder.Mesh.ControlPlane.AccessLog;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Watches;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Hosting;

/// <summary>
/// Deletes what is older than <see cref="Retention"/> says. Every replica does; deleting twice is harmless.
/// </summary>
internal sealed class Trimmer(NpgsqlDataSource database, TimeProvider time, ILogger<Trimmer> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(10);
    private const int Batch = 10_000;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            do
            {
                try
                {
                    await Trim(stoppingToken);
                }
                catch (Exception e) when (StoreFailure.IsAway(e))
                {
                    // The next round does it; the lease says that the store is away.
                }
            } while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }

    /// <summary>In batches, so that no transaction is long enough to hold up the feed's readers.</summary>
    public async Task<int> Trim(CancellationToken ct)
    {
        var total =
            await TrimFeed(ct)
            + await Trim(RequestLog.Table, RequestLog.KeyColumns, "at", Retention.RequestIds, ct)
            + await Trim("mesh.mesh_replica", "id", "renewed_at", Retention.Replicas, ct)
            + await Trim(AccessLogWriter.Table, "minute, subject, action, reason", "minute", Retention.AccessLog, ct);
        if (total > 0)
            logger.FeedTrimmed(total);
        return total;
    }

    // A watch that wants to go on from before what is gone has to be told so.
    private async Task<int> TrimFeed(CancellationToken ct)
    {
        await using (var clean = database.CreateCommand(ChangeFeed.Clean))
            await clean.ExecuteNonQueryAsync(ct);
        return await Trim(
            $"""
            with gone as (
                {Deletion(ChangeFeed.Table, "xid, id", "at", Retention.Feed)} returning xid, id),
            marked as ({ChangeFeed.MarkGone})
            select count(*)::int from gone
            """,
            ct
        );
    }

    private Task<int> Trim(string table, string key, string age, string kept, CancellationToken ct) =>
        Trim($"with gone as ({Deletion(table, key, age, kept)} returning 1) select count(*)::int from gone", ct);

    private static string Deletion(string table, string key, string age, string kept) =>
        $"""
            delete from {table} where ({key}) in
                (select {key} from {table} where {age} < now() - interval '{kept}' limit {Batch})
            """;

    private async Task<int> Trim(string sql, CancellationToken ct)
    {
        var total = 0;
        while (true)
        {
            await using var command = database.CreateCommand(sql);
            var removed = (int)(await command.ExecuteScalarAsync(ct))!;
            total += removed;
            if (removed < Batch)
                return total;
        }
    }
}
