using Coder.Mesh.ControlPlane.Observability;
using Coder.Mesh.ControlPlane.Storage;
using Npgsql;
using NpgsqlTypes;

namespace Coder.Mesh.ControlPlane.AccessLog;

/// <summary>
/// Stores the recorded counts every few seconds and once at the end. Several replicas add to the same rows. Counts stay
/// in memory while the database is unavailable; a save whose response was lost is repeated, and counts twice.
/// </summary>
internal sealed class AccessLogWriter(
    AccessRecorder recorder,
    NpgsqlDataSource database,
    TimeProvider time,
    ILogger<AccessLogWriter> logger
) : BackgroundService
{
    public const string Table = "mesh.mesh_access_log";

    public const string Schema = $"""
        create table if not exists {Table} (
            minute timestamptz not null,
            subject text not null,
            action text not null,
            reason text not null,
            count bigint not null,
            first_at timestamptz not null,
            last_at timestamptz not null,
            message text not null,
            peer text not null,
            primary key (minute, subject, action, reason)
        );
        """;

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
        // Not the shutdown token of the host: a connection that is slow to close may have used up its time.
        await TryFlush(StopLimitSeconds, CancellationToken.None);
    }

    /// <summary>Stores all recorded counts.</summary>
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
        catch (Exception e) when (e is PostgresException || StoreFailure.IsUnavailable(e))
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

    // A fixed order prevents deadlocks between replicas that update the same rows.
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
