using Coder.Mesh.ControlPlane.Replicas;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Providers;

/// <summary>
/// Sessions that ended with their replica. The store still says attached until an agent attaches anew or the startup grace is
/// over, for nothing is written when a replica leaves; whoever reads must not be told so.
/// </summary>
internal sealed class LostSessions(ReplicaLease lease, NpgsqlDataSource database)
{
    /// <returns>The same presences, those whose session's replica has left as detached since then.</returns>
    public async Task<IReadOnlyList<ProviderPresence>> Detach(
        IReadOnlyList<ProviderPresence> stored,
        CancellationToken ct
    )
    {
        string[] unknown =
        [
            .. stored.Where(p => p.Attached).Select(p => p.ReplicaId).Distinct().Where(r => !lease.Lives(r)),
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

    /// <returns>Of these replicas those that have left, with when they were last known to live; null where nobody knows.</returns>
    private async Task<Dictionary<string, DateTimeOffset?>> Left(string[] replicas, CancellationToken ct)
    {
        await using var command = database.CreateCommand(
            $"""
            select asked.id, r.renewed_at from unnest($1) asked(id) left join mesh.mesh_replica r on r.id = asked.id
            where ({ReplicaLease.Living}) is not true
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
