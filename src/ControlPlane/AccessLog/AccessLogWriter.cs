using Coder.Mesh.ControlPlane.Observability;
using Coder.Mesh.ControlPlane.Storage;
using Npgsql;
using NpgsqlTypes;

namespace Coder.Mesh.ControlPlane.AccessLog;

/// <summary>
/// Stores what was recorded every few seconds, and once more at the end. Several replicas add to the same rows. While the
/// store is away it waits in memory; a save whose answer was lost is repeated, and then counts twice.
/// </summary>
internal sealed class AccessLogWriter(
    AccessRecorder recorder,
    NpgsqlDataSource database,
    TimeProvider time,
    ILogger<AccessLogWriter> logger
) : BackgroundService
{
    public const string Table = "mesh.mesh_access_log";

    private const string AddCounts = $"""
        insert into {Table} as log (minute, subject, action, reason, count, first_at, last_at, message, peer)
        select * from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9)
        on conflict (minute, subject, action, reason) do update set
            count = log.count + excluded.count,
            first_at = least(log.first_at, excluded.first_at),
            last_at = greatest(log.last_at, excluded.last_at),
            message = case when excluded.last_at >= log.last_at then excluded.message else log.message end,
            peer = case when excluded.last_at >= log.last_at then excluded.peer else log.peer end
        """;

    private const int StopLimitSeconds = 2;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                await TryFlush(null, stoppingToken);
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        // Not the host's time: a connection that doesn't close may have used it up.
        await TryFlush(StopLimitSeconds, CancellationToken.None);
    }

    /// <summary>Stores all there is.</summary>
    public async Task Flush(int? limitSeconds, CancellationToken ct)
    {
        var taken = recorder.Take();
        if (taken.Count == 0)
            return;
        using var span = Tracing.StartWork("access_log.store");
        try
        {
            await Store(taken, limitSeconds, ct);
        }
        catch
        {
            recorder.Return(taken);
            throw;
        }
    }

    private async Task TryFlush(int? limitSeconds, CancellationToken ct)
    {
        try
        {
            await Flush(limitSeconds, ct);
        }
        catch (Exception e) when (e is PostgresException || StoreFailure.IsAway(e))
        {
            logger.NotStored(e.Message);
        }
    }

    private async Task Store(IReadOnlyDictionary<AccessKey, AccessCount> taken, int? limitSeconds, CancellationToken ct)
    {
        var rows = InOrder(taken);
        await using var command = database.CreateCommand(AddCounts);
        if (limitSeconds is { } limit)
            command.CommandTimeout = limit;
        Add(NpgsqlDbType.TimestampTz, r => r.Key.Minute.UtcDateTime);
        Add(NpgsqlDbType.Text, r => r.Key.Subject);
        Add(NpgsqlDbType.Text, r => ActionName(r.Key.Action));
        Add(NpgsqlDbType.Text, r => r.Key.Reason);
        Add(NpgsqlDbType.Bigint, r => r.Value.Count);
        Add(NpgsqlDbType.TimestampTz, r => r.Value.FirstAt.UtcDateTime);
        Add(NpgsqlDbType.TimestampTz, r => r.Value.LastAt.UtcDateTime);
        Add(NpgsqlDbType.Text, r => r.Value.Message);
        Add(NpgsqlDbType.Text, r => r.Value.Peer);
        await command.ExecuteNonQueryAsync(ct);

        void Add<T>(NpgsqlDbType type, Func<KeyValuePair<AccessKey, AccessCount>, T> column) =>
            command.Parameters.Add(
                new NpgsqlParameter<T[]>
                {
                    TypedValue = [.. rows.Select(column)],
                    NpgsqlDbType = NpgsqlDbType.Array | type,
                }
            );
    }

    // In one order everywhere: two replicas that write the same rows must not wait for each other.
    private static List<KeyValuePair<AccessKey, AccessCount>> InOrder(
        IReadOnlyDictionary<AccessKey, AccessCount> taken
    ) =>
        [
            .. taken
                .OrderBy(r => r.Key.Minute)
                .ThenBy(r => r.Key.Subject, StringComparer.Ordinal)
                .ThenBy(r => r.Key.Action)
                .ThenBy(r => r.Key.Reason, StringComparer.Ordinal),
        ];

    private static string ActionName(AccessAction action) => action == AccessAction.Attach ? "attach" : "call";
}
