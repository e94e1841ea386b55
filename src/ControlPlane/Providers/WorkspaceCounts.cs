using Coder.Mesh.ControlPlane.Storage;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Providers;

/// <summary>
/// Counts unfinished workspaces by an index. Under a lock, they are counted on the connection of its transaction.
/// </summary>
internal static class WorkspaceCounts
{
    private const string Unfinished = $"from {Tables.Workspaces} where {Indexes.Unfinished}";

    /// <summary>Formats a count for messages.</summary>
    public static string Words(int count) => count == 1 ? "1 workspace" : $"{count} workspaces";

    /// <returns>By provider; providers without workspaces are missing.</returns>
    public static Task<IReadOnlyDictionary<string, int>> OfProviders(
        NpgsqlConnection connection,
        string[] providerIds,
        CancellationToken ct
    ) => Count(connection, "ProviderId", providerIds, ct);

    /// <returns>By organization; organizations without workspaces are missing.</returns>
    public static Task<IReadOnlyDictionary<string, int>> OfOrganizations(
        NpgsqlConnection connection,
        string[] organizationIds,
        CancellationToken ct
    ) => Count(connection, "OrganizationId", organizationIds, ct);

    /// <returns>Number of workspaces of an organization in a provider.</returns>
    public static async Task<int> OfOrganizationIn(
        NpgsqlConnection connection,
        string organizationId,
        string providerId,
        CancellationToken ct
    )
    {
        await using var command = new NpgsqlCommand(
            $"select count(*)::int {Unfinished} and data ->> 'ProviderId' = $1 and data ->> 'OrganizationId' = $2",
            connection
        );
        command.Parameters.AddWithValue(providerId);
        command.Parameters.AddWithValue(organizationId);
        return (int)(await command.ExecuteScalarAsync(ct))!;
    }

    private static async Task<IReadOnlyDictionary<string, int>> Count(
        NpgsqlConnection connection,
        string by,
        string[] ids,
        CancellationToken ct
    )
    {
        await using var command = new NpgsqlCommand(
            $"select data ->> '{by}', count(*)::int {Unfinished} and data ->> '{by}' = any($1) group by 1",
            connection
        );
        command.Parameters.AddWithValue(ids);
        var counts = new Dictionary<string, int>();
        await using var rows = await command.ExecuteReaderAsync(ct);
        while (await rows.ReadAsync(ct))
            counts[rows.GetString(0)] = rows.GetInt32(1);
        return counts;
    }
}
