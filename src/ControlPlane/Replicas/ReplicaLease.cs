using Coder.Mesh.ControlPlane.Storage;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Replicas;

/// <summary>
/// Keeps this replica's row fresh by the database's clock, notices replicas that have left, and, because it asks the
/// store all the time, whether the store is there.
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
    private const int StopLimitSeconds = 2;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    /// <summary>A replica that hasn't renewed for this long, in seconds of the database's clock, has left.</summary>
    public const int LifeSeconds = 6;

    /// <summary>The condition under which a row of <c>mesh.mesh_replica</c> is a living replica's.</summary>
    public static readonly string Living = $"renewed_at > now() - interval '{LifeSeconds} seconds'";

    private HashSet<string> _living = [];

    /// <summary>Living replicas beside this one, as of the last renewal.</summary>
    public int Others => Math.Max(0, Volatile.Read(ref _living).Count - 1);

    /// <summary>Whether it was a living replica at the last renewal; one that has just started may not be known yet.</summary>
    public bool Lives(string replicaId) => Volatile.Read(ref _living).Contains(replicaId);

    /// <summary>Raised when the set of living replicas has changed, the first time perhaps before anybody listens.</summary>
    public event Action? MembersChanged;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        do
        {
            try
            {
                // Before it renews: so it finds writes taken again as soon as they are.
                if (readOnly.Take())
                    database.Clear();
                await Renew(stoppingToken);
            }
            catch (Exception e) when (StoreFailure.IsAway(e))
            {
                if (health.ReportAway())
                    logger.StoreAway(e.Message);
            }
        } while (await Next(timer, stoppingToken));
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try
        {
            // The row stays: until when agents were heard here is what is known of them afterwards.
            await using var command = database.CreateCommand(
                $"update mesh.mesh_replica set renewed_at = now() - interval '{LifeSeconds} seconds' where id = $1"
            );
            command.Parameters.AddWithValue(replica.Id);
            command.CommandTimeout = StopLimitSeconds;
            // Not the host's time: a connection that doesn't close may have used it up.
            await command.ExecuteNonQueryAsync(CancellationToken.None);
        }
        catch (Exception e) when (StoreFailure.IsAway(e))
        {
            // The row expires by itself.
            logger.LeaseNotReturned(e.Message);
        }
    }

    /// <summary>Renews once; public for tests.</summary>
    public async Task Renew(CancellationToken ct)
    {
        var living = new HashSet<string>();
        await using (
            var command = database.CreateCommand(
                """
                with renewed as (
                    insert into mesh.mesh_replica (id) values ($1)
                    on conflict (id) do update set renewed_at = now() returning id)
                select id from renewed
                union select id from mesh.mesh_replica where 
                """ + Living
            )
        )
        {
            command.Parameters.AddWithValue(replica.Id);
            await using var rows = await command.ExecuteReaderAsync(ct);
            while (await rows.ReadAsync(ct))
                living.Add(rows.GetString(0));
        }

        if (health.ReportBack() is { } lasted)
            logger.StoreBack(lasted.TotalSeconds);
        if (living.SetEquals(_living))
            return;
        Volatile.Write(ref _living, living);
        logger.ReplicasChanged(living.Count);
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
