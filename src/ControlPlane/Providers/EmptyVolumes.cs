using System.Globalization;
using Coder.Mesh.ControlPlane.Storage;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Providers;

/// <summary>Unfinished workspaces of a provider whose home volume was created anew.</summary>
/// <param name="Names">Names of the latest ones.</param>
/// <param name="Last">When it last happened; null if never.</param>
internal sealed record EmptyVolumes(int Count, IReadOnlyList<string> Names, DateTimeOffset? Last)
{
    private const int MaxNames = 5;
    private const string At = "data ->> 'VolumeCreatedAnewAt'";

    public static readonly EmptyVolumes None = new(0, [], null);

    /// <param name="since">Ignores earlier ones.</param>
    /// <returns>By provider; providers without any are missing.</returns>
    public static async Task<IReadOnlyDictionary<string, EmptyVolumes>> Of(
        NpgsqlConnection connection,
        string[] providerIds,
        DateTimeOffset since,
        CancellationToken ct
    )
    {
        await using var command = new NpgsqlCommand(
            $"""
            select provider, name, at, count from (
                select data ->> 'ProviderId' as provider, data ->> 'Name' as name, {At} as at,
                    count(*) over (partition by data ->> 'ProviderId')::int as count,
                    row_number() over (
                        partition by data ->> 'ProviderId' order by ({At})::timestamptz desc, data ->> 'Name'
                    ) as number
                from {Tables.Workspaces}
                where {Indexes.VolumeCreatedAnew} and data ->> 'ProviderId' = any($1) and ({At})::timestamptz >= $2
            ) as recent where number <= {MaxNames} order by provider, number
            """,
            connection
        );
        command.Parameters.AddWithValue(providerIds);
        command.Parameters.AddWithValue(since);
        var found = new Dictionary<string, EmptyVolumes>();
        await using var rows = await command.ExecuteReaderAsync(ct);
        while (await rows.ReadAsync(ct))
        {
            var provider = rows.GetString(0);
            var before = found.GetValueOrDefault(provider, None);
            found[provider] = new EmptyVolumes(
                rows.GetInt32(3),
                [.. before.Names, rows.GetString(1)],
                // From the document, since timestamps of PostgreSQL are less precise.
                before.Last
                    ?? DateTimeOffset.Parse(rows.GetString(2), CultureInfo.InvariantCulture)
            );
        }
        return found;
    }
}
