using System.Collections.Immutable;
using Coder.Mesh.ControlPlane.Workspaces;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Orphans;

/// <summary>A page of a provider's orphans.</summary>
/// <param name="Rest">Number of orphans that no page lists.</param>
internal sealed record OrphanPage(IReadOnlyList<Orphan> Orphans, int Rest);

/// <param name="Since">When the oldest of the current orphans was first seen.</param>
internal sealed record OrphanCount(int Count, DateTimeOffset? Since);

/// <summary>Reads orphans. Those that were adopted or removed since the last snapshot do not count.</summary>
internal sealed class OrphanView(NpgsqlDataSource database)
{
    private const string Columns =
        "provider_id, workspace_id, generation, state, name, image, cpu, memory, disk, command, storage_class, first_seen, last_seen, env_names, env_values, env_from, restarted";

    /// <summary>Returns orphans in order of id.</summary>
    /// <param name="after">Id of the last orphan of the previous page; empty for the first page.</param>
    public async Task<OrphanPage> Page(string providerId, string after, int size, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var command = new NpgsqlCommand(
            $"""
            select {Columns} from {OrphanTable.Name}
            where provider_id = $1 and workspace_id > $2 and not {OrphanTable.Known}
            order by workspace_id limit $3
            """,
            connection
        );
        command.Parameters.AddWithValue(providerId);
        command.Parameters.AddWithValue(after);
        command.Parameters.AddWithValue(size);
        return new OrphanPage(await Read(command, ct), await Rest(providerId, connection, ct));
    }

    /// <param name="connection">Connection of the transaction that depends on it.</param>
    public static async Task<Orphan?> Find(
        NpgsqlConnection connection,
        string providerId,
        string workspaceId,
        CancellationToken ct
    )
    {
        await using var command = new NpgsqlCommand(
            $"""
            select {Columns} from {OrphanTable.Name}
            where provider_id = $1 and workspace_id = $2 and not {OrphanTable.Known}
            """,
            connection
        );
        command.Parameters.AddWithValue(providerId);
        command.Parameters.AddWithValue(workspaceId);
        return (await Read(command, ct)).SingleOrDefault();
    }

    /// <returns>By provider; providers without orphans are missing.</returns>
    public static async Task<IReadOnlyDictionary<string, OrphanCount>> Counts(
        NpgsqlConnection connection,
        string[] providerIds,
        CancellationToken ct
    )
    {
        await using var command = new NpgsqlCommand(
            $"""
            select provider_id, sum(count)::int, min(since) from (
                select provider_id, count(*) as count, min(first_seen) as since from {OrphanTable.Name}
                where provider_id = any($1) and not {OrphanTable.Known} group by provider_id
                union all
                select provider_id, count, null from {OrphanTable.Rest} where provider_id = any($1)
            ) as counts group by provider_id
            """,
            connection
        );
        command.Parameters.AddWithValue(providerIds);
        var counts = new Dictionary<string, OrphanCount>();
        await using var rows = await command.ExecuteReaderAsync(ct);
        while (await rows.ReadAsync(ct))
            counts[rows.GetString(0)] = new OrphanCount(
                rows.GetInt32(1),
                await rows.IsDBNullAsync(2, ct) ? null : rows.GetFieldValue<DateTimeOffset>(2)
            );
        return counts;
    }

    private static async Task<int> Rest(string providerId, NpgsqlConnection connection, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(
            $"select count from {OrphanTable.Rest} where provider_id = $1",
            connection
        );
        command.Parameters.AddWithValue(providerId);
        return await command.ExecuteScalarAsync(ct) is int rest ? rest : 0;
    }

    private static async Task<IReadOnlyList<Orphan>> Read(NpgsqlCommand command, CancellationToken ct)
    {
        var orphans = new List<Orphan>();
        await using var rows = await command.ExecuteReaderAsync(ct);
        while (await rows.ReadAsync(ct))
            orphans.Add(
                new Orphan(
                    rows.GetString(0),
                    rows.GetString(1),
                    rows.GetInt64(2),
                    Enum.Parse<ObservedState>(rows.GetString(3)),
                    rows.GetString(4),
                    new WorkspaceSpec(
                        rows.GetString(5),
                        rows.GetString(6),
                        rows.GetString(7),
                        rows.GetString(8),
                        ImmutableArray.Create(rows.GetFieldValue<string[]>(9))
                    )
                    {
                        Env = rows.GetFieldValue<string[]>(13)
                            .Zip(rows.GetFieldValue<string[]>(14), KeyValuePair.Create)
                            .ToImmutableSortedDictionary(StringComparer.Ordinal),
                        EnvFrom = ImmutableArray.Create(rows.GetFieldValue<string[]>(15)),
                    },
                    rows.GetString(10),
                    rows.GetFieldValue<DateTimeOffset>(11),
                    rows.GetFieldValue<DateTimeOffset>(12)
                )
                {
                    Restarted = rows.GetInt64(16),
                }
            );
        return orphans;
    }
}
