using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Replicas;
using Coder.Mesh.ControlPlane.Storage;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Watches;

/// <summary>
/// Notifies the other replicas of commits. Sends one NOTIFY for any number of commits, on a separate connection,
/// because a NOTIFY inside each transaction would serialize their commits.
/// </summary>
internal sealed class CommitNotifier(
    NpgsqlDataSource database,
    ReplicaLease lease,
    ChangeBuffer changes,
    ILogger<CommitNotifier> logger
) : BackgroundService, ICommitObserver
{
    public const string Channel = "mesh_feed";

    /// <summary>Minimum time between two NOTIFYs.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(5);

    private readonly AsyncAutoResetEvent _committed = new();

    /// <summary>Set when the feed may have new rows for this replica.</summary>
    public AsyncAutoResetEvent News { get; } = new();

    /// <summary>Called after a commit that changed streams.</summary>
    public void Committed()
    {
        _committed.Set();
        if (changes.Watched)
            News.Set();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                await _committed.Wait(stoppingToken);
                if (lease.Others == 0)
                    continue;
                await Notify(stoppingToken);
                // Real time even in tests, since this limits the load on the database.
                await Task.Delay(Pace, stoppingToken);
            }
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }

    private async Task Notify(CancellationToken ct)
    {
        try
        {
            await using var command = database.CreateCommand($"notify {Channel}");
            await command.ExecuteNonQueryAsync(ct);
        }
        catch (Exception e) when (StoreFailure.IsUnavailable(e))
        {
            // Without the NOTIFY, other replicas see the commit at their next poll, within a second.
            logger.NotNotified(e.Message);
        }
    }
}
