using Coder.Mesh.ControlPlane.Observability;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Workspaces;
using Marten;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Orphans;

/// <summary>Stores the workspaces of snapshots that are missing from the database.</summary>
internal sealed class OrphanStore(NpgsqlDataSource database, ProviderNames names, ILogger<OrphanStore> logger)
{
    /// <summary>
    /// Replaces the orphans of a provider with those of a complete snapshot, if the session still owns the provider.
    /// </summary>
    /// <param name="unclaimed">Workspaces in the cluster that are not unfinished workspaces of this provider.</param>
    /// <param name="hasOrphans">Whether orphans of the provider are stored; only its sessions add some.</param>
    public async Task Keep(
        SessionFence fence,
        IReadOnlyDictionary<string, Held> unclaimed,
        bool hasOrphans,
        CancellationToken ct
    )
    {
        // A workspace that is reported as Deleted has no objects.
        var held = unclaimed.Where(h => h.Value.State != ObservedState.Deleted).ToDictionary();
        if (held.Count == 0 && !hasOrphans)
            return;

        using var span = Tracing.StartWork("agent.orphans");
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        if (!await WorkspaceCommands.Holds(fence, connection, ct))
            return;
        var orphans = await Unknown(fence.ProviderId, [.. held.Keys], connection, ct);
        await Replace(fence.ProviderId, orphans, held, connection, ct);
        await transaction.CommitAsync(ct);
        if (orphans.Count > 0)
            logger.OrphansFound(names.Of(fence.ProviderId), fence.ProviderId, orphans.Count);
    }

    /// <summary>
    /// Deletes the orphans of a provider in the session's transaction, for example when the provider is deleted.
    /// </summary>
    public static void Clear(IDocumentSession session, string providerId)
    {
        session.QueueSqlCommand($"delete from {OrphanTable.Name} where provider_id = ?", providerId);
        session.QueueSqlCommand($"delete from {OrphanTable.Rest} where provider_id = ?", providerId);
    }

    /// <returns>Those of the providers that have orphans.</returns>
    public static async Task<IReadOnlySet<string>> Among(
        string[] providerIds,
        NpgsqlConnection connection,
        CancellationToken ct
    )
    {
        await using var command = new NpgsqlCommand(
            $"select distinct provider_id from {OrphanTable.Name} where provider_id = any($1)",
            connection
        );
        command.Parameters.AddWithValue(providerIds);
        var found = new HashSet<string>(StringComparer.Ordinal);
        await using var rows = await command.ExecuteReaderAsync(ct);
        while (await rows.ReadAsync(ct))
            found.Add(rows.GetString(0));
        return found;
    }

    /// <summary>Returns ids in order. A workspace of another provider is no orphan, since it is known here.</summary>
    private async Task<List<string>> Unknown(
        string providerId,
        string[] ids,
        NpgsqlConnection connection,
        CancellationToken ct
    )
    {
        await using var command = new NpgsqlCommand(
            $"""
            select held.id, w.data ->> 'ProviderId' from unnest($1) as held (id)
            left join {Tables.Workspaces} w on w.id = '{StreamKeys.WorkspacePrefix}' || held.id
            order by held.id
            """,
            connection
        );
        command.Parameters.AddWithValue(ids);
        var (unknown, foreign) = (new List<string>(), new List<string>());
        await using var rows = await command.ExecuteReaderAsync(ct);
        while (await rows.ReadAsync(ct))
        {
            if (await rows.IsDBNullAsync(1, ct))
                unknown.Add(rows.GetString(0));
            else if (rows.GetString(1) != providerId)
                foreign.Add(rows.GetString(0));
        }

        if (foreign.Count > 0)
            logger.ForeignHeld(names.Of(providerId), providerId, foreign.Count, foreign[0]);
        return unknown;
    }

    private static async Task Replace(
        string providerId,
        List<string> orphans,
        Dictionary<string, Held> held,
        NpgsqlConnection connection,
        CancellationToken ct
    )
    {
        string[] kept = [.. orphans.Take(OrphanTable.MaxKept)];
        await using var batch = new NpgsqlBatch(connection);
        batch.Add(
            $"delete from {OrphanTable.Name} where provider_id = $1 and workspace_id <> all($2)",
            providerId,
            kept
        );
        foreach (var id in kept)
            batch.Add(Upsert, [.. Row(providerId, id, held[id])]);
        batch.Add($"delete from {OrphanTable.Rest} where provider_id = $1", providerId);
        if (orphans.Count > kept.Length)
            batch.Add(
                $"insert into {OrphanTable.Rest} (provider_id, count) values ($1, $2)",
                providerId,
                orphans.Count - kept.Length
            );
        await batch.ExecuteNonQueryAsync(ct);
    }

    private const string Upsert = $"""
        insert into {OrphanTable.Name} (provider_id, workspace_id, generation, state, name, image, cpu, memory, disk,
            command, storage_class, env_names, env_values, env_from, restarted)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
        on conflict (provider_id, workspace_id) do update set
            generation = excluded.generation, state = excluded.state, name = excluded.name, image = excluded.image,
            cpu = excluded.cpu, memory = excluded.memory, disk = excluded.disk, command = excluded.command,
            storage_class = excluded.storage_class, env_names = excluded.env_names, env_values = excluded.env_values,
            env_from = excluded.env_from, restarted = excluded.restarted, last_seen = excluded.last_seen
        """;

    private static IEnumerable<object> Row(string providerId, string id, Held held) =>
        [
            providerId,
            id,
            held.Carried,
            held.State.ToString(),
            held.Name,
            held.Spec.Image,
            held.Spec.Cpu,
            held.Spec.Memory,
            held.Spec.Disk,
            held.Spec.Command.ToArray(),
            held.StorageClass,
            held.Spec.Env.Keys.ToArray(),
            held.Spec.Env.Values.ToArray(),
            held.Spec.EnvFrom.ToArray(),
            held.Restarted,
        ];
}

file static class Batches
{
    public static void Add(this NpgsqlBatch batch, string sql, params object[] values)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var value in values)
            command.Parameters.AddWithValue(value);
        batch.BatchCommands.Add(command);
    }
}
