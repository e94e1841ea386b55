using Coder.Mesh.ControlPlane.AccessLog;
using Coder.Mesh.ControlPlane.Replicas;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Watches;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Hosting;

/// <summary>
/// Deletes rows that are older than <see cref="Retention"/>. Every replica does; deleting twice is harmless.
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
                catch (Exception e) when (StoreFailure.IsUnavailable(e))
                {
                    // Repeated in the next round. The lease reports the outage.
                }
            } while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }

    /// <summary>Deletes in batches, because long transactions delay the readers of the feed.</summary>
    public async Task<int> Trim(CancellationToken ct)
    {
        var total =
            await TrimFeed(ct)
            + await Trim(RequestLog.Table, RequestLog.KeyColumns, "at", Retention.RequestIds, ct)
            + await Trim(ReplicaLease.Table, "id", "renewed_at", Retention.Replicas, ct)
            + await Trim(AccessLogWriter.Table, "minute, subject, action, reason", "minute", Retention.AccessLog, ct);
        if (total > 0)
            logger.FeedTrimmed(total);
        return total;
    }

    // Also stores the position of the last deleted row, so that watches from before it are refused.
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
