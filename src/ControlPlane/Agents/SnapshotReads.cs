using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Orphans;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Workspaces;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Agents;

/// <param name="Unfinished">The unfinished workspaces of the provider.</param>
/// <param name="HasOrphans">Whether orphans of the provider are stored.</param>
internal sealed record StoredInventory(IReadOnlyList<Workspace> Unfinished, bool HasOrphans);

/// <summary>Reads what snapshots are compared with, for many agents in few queries.</summary>
internal sealed class SnapshotReads
{
    private const int Providers = 256;

    /// <summary>
    /// Number of workspaces up to which a provider is read together with others, which bounds the memory of a batch.
    /// </summary>
    private const int Few = 50;

    private readonly NpgsqlDataSource _database;
    private readonly WorkspaceView _workspaces;
    private readonly Batcher<string, (IReadOnlyList<Workspace>? Unfinished, bool HasOrphans)> _reads;

    public SnapshotReads(NpgsqlDataSource database, WorkspaceView workspaces, StoreHealth health, TimeProvider time)
    {
        (_database, _workspaces) = (database, workspaces);
        _reads = new(BatchLimits.Patient(Providers, workers: 2), Read, _ => StoreFailure.Unavailable, health, time);
    }

    /// <returns>An error if the database is unavailable.</returns>
    public async Task<Result<StoredInventory>> Read(string providerId, CancellationToken ct)
    {
        var read = await _reads.Run(providerId, ct);
        if (read.Error is { } error)
            return error;
        var (unfinished, hasOrphans) = read.Value;
        return new StoredInventory(unfinished ?? await _workspaces.Unfinished([providerId], ct), hasOrphans);
    }

    private async Task<IReadOnlyList<(IReadOnlyList<Workspace>?, bool)>> Read(
        IReadOnlyList<string> providerIds,
        CancellationToken ct
    )
    {
        string[] ids = [.. providerIds.Distinct()];
        IReadOnlyDictionary<string, int> counts;
        IReadOnlySet<string> withOrphans;
        await using (var connection = await _database.OpenConnectionAsync(ct))
        {
            counts = await WorkspaceCounts.OfProviders(connection, ids, ct);
            withOrphans = await OrphanStore.Among(ids, connection, ct);
        }

        string[] few = [.. ids.Where(id => counts.GetValueOrDefault(id) is > 0 and <= Few)];
        var unfinished = few.Length > 0 ? await _workspaces.Unfinished(few, ct) : [];
        var byProvider = unfinished.ToLookup(w => w.ProviderId, StringComparer.Ordinal);
        return
        [
            .. providerIds.Select(id =>
                (
                    counts.GetValueOrDefault(id) > Few ? null : (IReadOnlyList<Workspace>)[.. byProvider[id]],
                    withOrphans.Contains(id)
                )
            ),
        ];
    }
}
