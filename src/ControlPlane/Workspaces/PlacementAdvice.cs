using Coder.Mesh.ControlPlane.Organizations;
using Coder.Mesh.ControlPlane.Presence;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Writes;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Workspaces;

/// <summary>Finds providers that would take a workspace that was refused.</summary>
internal static class PlacementAdvice
{
    /// <summary>Names in a refusal.</summary>
    private const int Most = 10;

    /// <summary>Providers looked at: some of those that the query finds may be full.</summary>
    private const int MostLookedAt = 5 * Most;

    /// <returns>Names in order, at most ten.</returns>
    public static async Task<IReadOnlyList<string>> For(
        WriteSession session,
        Organization organization,
        string region,
        CancellationToken ct
    )
    {
        var ids = await Candidates(session.Connection, organization, region, ct);
        var allowed = await session.Documents.LoadManyAsync<Provider>(ct, ids.Select(StreamKeys.Provider));
        var presences = (
            await session.Documents.LoadManyAsync<ProviderPresence>(ct, ids.Select(StreamKeys.Presence))
        ).ToDictionary(p => p.ProviderId);
        var counts = await WorkspaceCounts.OfProviders(session.Connection, ids, ct);
        return
        [
            .. allowed
                .Select(p => new PlacementTarget(p, presences[p.ProviderId], counts.GetValueOrDefault(p.ProviderId)))
                .Where(t => Placement.Causes(organization, t, region).Count == 0)
                .Select(t => t.Provider.Name)
                .Order(StringComparer.Ordinal)
                .Take(Most),
        ];
    }

    /// <summary>The first of those that may do; whether each does is the rule's to say, not this query's.</summary>
    private static async Task<string[]> Candidates(
        NpgsqlConnection connection,
        Organization organization,
        string region,
        CancellationToken ct
    )
    {
        await using var command = new NpgsqlCommand(
            $"""
            select p.data ->> 'ProviderId' from mesh.mt_doc_provider p
            join mesh.mt_doc_providerpresence s on s.id = 'presence-' || (p.data ->> 'ProviderId')
            where p.id = any($1) and p.data ->> 'Cordon' is null and s.data ->> 'Status' = 'Ready'
              and ($2 = '' or p.data -> 'Details' ->> 'Region' = $2)
            order by p.data ->> 'Name' limit {MostLookedAt}
            """,
            connection
        );
        command.Parameters.AddWithValue(organization.AllowedProviders.Select(StreamKeys.Provider).ToArray());
        command.Parameters.AddWithValue(region);
        var ids = new List<string>();
        await using var rows = await command.ExecuteReaderAsync(ct);
        while (await rows.ReadAsync(ct))
            ids.Add(rows.GetString(0));
        return [.. ids];
    }
}
