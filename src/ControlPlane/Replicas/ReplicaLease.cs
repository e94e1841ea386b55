using Coder.Mesh.ControlPlane.Storage;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Replicas;

/// <summary>
/// Renews this replica's row by the database's clock, detects replicas that have left and, since it queries the
/// database all the time, whether the database is available.
/// </summary>
internal sealed class ReplicaLease(
    Replica replica,
    NpgsqlDataSource database,
    ReadOnlyConnections readOnly,
    StoreHealth health,
    TimeProvider time,
    ILogger<ReplicaLease> logger
) : BackgroundService
{
    public const string Table = "mesh.mesh_replica";

    public const string Schema = $"""
        create table if not exists {Table} (
            id text primary key,
            started_at timestamptz not null default now(),
            renewed_at timestamptz not null default now()
        );
        """;

    private const int StopLimitSeconds = 2;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Time without an answer after which the database is taken to be unreachable, by the machine's own clock. It is
    /// reported as unavailable only when the renewal has failed.
    /// </summary>
    private static readonly TimeSpan SilenceLimit = TimeSpan.FromSeconds(2.5);

    /// <summary>Time without renewal after which a replica has left, in seconds of the database's clock.</summary>
    public const int LifeSeconds = 6;

    /// <summary>Condition for rows of <see cref="Table"/> of active replicas.</summary>
    public static readonly string Active = $"renewed_at > now() - interval '{LifeSeconds} seconds'";

    private HashSet<string> _active = [];

    /// <summary>Number of other active replicas, as of the last renewal.</summary>
    public int Others => Math.Max(0, Volatile.Read(ref _active).Count - 1);

    /// <summary>
    /// Whether the replica was active at the last renewal. One that has just started may not be known yet.
    /// </summary>
    public bool IsActive(string replicaId) => Volatile.Read(ref _active).Contains(replicaId);

    /// <summary>
    /// Raised when the set of active replicas has changed. The first change may precede all listeners.
    /// </summary>
    public event Action? MembersChanged;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        do
        {
            try
            {
                // Before the renewal, which then reports the database as available as soon as it accepts writes again.
                if (readOnly.Take())
                    database.Clear();
                await using var silence = new Timer(
                    _ => health.ReportSilent(),
                    null,
                    SilenceLimit,
                    Timeout.InfiniteTimeSpan
                );
                await Renew(stoppingToken);
            }
            catch (Exception e) when (StoreFailure.IsUnavailable(e))
            {
                if (health.ReportUnavailable())
                    logger.StoreUnavailable(e.Message);
            }
        } while (await Next(timer, stoppingToken));
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try
        {
            // The row stays, because it records until when this replica received frames of its agents.
            await using var command = database.CreateCommand(
                $"update {Table} set renewed_at = now() - interval '{LifeSeconds} seconds' where id = $1"
            );
            command.Parameters.AddWithValue(replica.Id);
            command.CommandTimeout = StopLimitSeconds;
            // Not the shutdown token of the host: a connection that is slow to close may have used up its time.
            await command.ExecuteNonQueryAsync(CancellationToken.None);
        }
        catch (Exception e) when (StoreFailure.IsUnavailable(e))
        {
            // The row expires by itself.
            logger.LeaseNotReturned(e.Message);
        }
    }

    /// <summary>Renews once. Public for tests.</summary>
    public async Task Renew(CancellationToken ct)
    {
        var active = new HashSet<string>();
        await using (
            var command = database.CreateCommand(
                $"""
                with renewed as (
                    insert into {Table} (id) values ($1)
                    on conflict (id) do update set renewed_at = now() returning id)
                select id from renewed
                union select id from {Table} where {Active}
                """
            )
        )
        {
            command.Parameters.AddWithValue(replica.Id);
            await using var rows = await command.ExecuteReaderAsync(ct);
            while (await rows.ReadAsync(ct))
                active.Add(rows.GetString(0));
        }

        if (health.ReportBack() is { } lasted)
            logger.StoreRecovered(lasted.TotalSeconds);
        if (active.SetEquals(_active))
            return;
        Volatile.Write(ref _active, active);
        logger.ReplicasChanged(active.Count);
        MembersChanged?.Invoke();
    }

    private static async Task<bool> Next(PeriodicTimer timer, CancellationToken ct)
    {
        try
        {
            return await timer.WaitForNextTickAsync(ct);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
