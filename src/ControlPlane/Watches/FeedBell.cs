using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Replicas;
using Coder.Mesh.ControlPlane.Storage;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Watches;

/// <summary>
/// Tells the other replicas that something was committed: one NOTIFY for any number of commits, from a connection of its
/// own, for a NOTIFY inside of every transaction would make them commit one after the other.
/// </summary>
internal sealed class FeedBell(
    NpgsqlDataSource database,
    ReplicaLease lease,
    ChangeLog changes,
    ILogger<FeedBell> logger
) : BackgroundService, ICommitObserver
{
    public const string Channel = "mesh_feed";

    /// <summary>Commits within this time after a NOTIFY share the next one.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(5);

    private readonly Signal _committed = new();

    /// <summary>Rung when there may be something new for this replica's reader of the feed.</summary>
    public Signal News { get; } = new();

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
                // In the machine's time: it is its work that is spared.
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
        catch (Exception e) when (StoreFailure.IsAway(e))
        {
            // A lost ring costs the others a second.
            logger.NotNotified(e.Message);
        }
    }
}
