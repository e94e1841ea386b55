using Coder.Mesh.ControlPlane.Replicas;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Providers;

/// <summary>
/// Finds sessions that ended with their replica. The database still says attached until an agent attaches again or the
/// startup grace period is over, since nothing is written when a replica leaves.
/// </summary>
internal sealed class LostSessions(ReplicaLease lease, NpgsqlDataSource database)
{
    /// <returns>The same presences; those whose session's replica has left are detached.</returns>
    public async Task<IReadOnlyList<ProviderPresence>> Detach(
        IReadOnlyList<ProviderPresence> stored,
        CancellationToken ct
    )
    {
        string[] unknown =
        [
            .. stored.Where(p => p.Attached).Select(p => p.ReplicaId).Distinct().Where(r => !lease.IsActive(r)),
        ];
        if (unknown.Length == 0)
            return stored;
        var left = await Left(unknown, ct);
        return [.. stored.Select(p => p.Attached && left.TryGetValue(p.ReplicaId, out var at) ? Detached(p, at) : p)];
    }

    private static ProviderPresence Detached(ProviderPresence presence, DateTimeOffset? at) =>
        presence with
        {
            Attached = false,
            AgentSince = at > presence.AgentSince ? at : presence.AgentSince,
        };

    /// <returns>
    /// The replicas that have left, with the time at which they were last known to be active; null if unknown.
    /// </returns>
    private async Task<Dictionary<string, DateTimeOffset?>> Left(string[] replicas, CancellationToken ct)
    {
        await using var command = database.CreateCommand(
            $"""
            select asked.id, r.renewed_at from unnest($1) asked(id) left join {ReplicaLease.Table} r on r.id = asked.id
            where ({ReplicaLease.Active}) is not true
            """
        );
        command.Parameters.AddWithValue(replicas);
        var left = new Dictionary<string, DateTimeOffset?>();
        await using var rows = await command.ExecuteReaderAsync(ct);
        while (await rows.ReadAsync(ct))
            left[rows.GetString(0)] = rows.IsDBNull(1) ? null : new DateTimeOffset(rows.GetDateTime(1));
        return left;
    }
}
