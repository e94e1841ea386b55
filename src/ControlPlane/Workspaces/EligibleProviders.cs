using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Organizations;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Storage;
using Marten.Services.BatchQuerying;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Workspaces;

/// <summary>A provider that may be chosen for a workspace.</summary>
/// <param name="Counted">Whether it has a maximum number of workspaces.</param>
internal sealed record PlacementCandidate(string ProviderId, bool Counted);

/// <summary>
/// Queries for providers by the conditions of placement. They only find candidates: <see cref="Placement"/> decides.
/// </summary>
internal static class EligibleProviders
{
    /// <summary>Maximum number of providers named in an error.</summary>
    private const int MaxNamed = 10;

    /// <summary>Maximum number of providers of a region whose obstacles an error explains.</summary>
    private const int MaxExplained = 50;

    // Below the maximum, if there is one; counted by the index of unfinished workspaces.
    private const string HasRoom = $"""
        case when (p.data -> 'Details' ->> 'MaxWorkspaces')::int > 0
          then (p.data -> 'Details' ->> 'MaxWorkspaces')::int > (
            select count(*) from {Tables.Workspaces}
            where {Indexes.Unfinished} and data ->> 'ProviderId' = p.data ->> 'ProviderId')
          else true end
        """;

    /// <summary>Finds providers of a region, or of any if it is empty, that could take a workspace now.</summary>
    /// <param name="first">Id of the provider to put first, if it is found; the others follow in order of name.</param>
    /// <param name="except">Ids of providers to leave out.</param>
    public static async Task<IReadOnlyList<PlacementCandidate>> Find(
        NpgsqlConnection connection,
        Organization organization,
        string region,
        string first,
        int limit,
        CancellationToken ct,
        params string[] except
    )
    {
        await using var command = new NpgsqlCommand(
            $"""
            select p.data ->> 'ProviderId', (p.data -> 'Details' ->> 'MaxWorkspaces')::int > 0
            from {Tables.Providers} p
            join {Tables.Presences} s on s.id = '{StreamKeys.PresencePrefix}' || (p.data ->> 'ProviderId')
            where p.id = any($1) and p.data ->> 'Cordon' is null and s.data ->> 'Status' = 'Ready'
              and ($2 = '' or p.data -> 'Details' ->> 'Region' = $2) and {HasRoom}
              and p.data ->> 'ProviderId' <> all($5)
            order by p.data ->> 'ProviderId' <> $3, p.data ->> 'Name' collate "C" limit $4
            """,
            connection
        );
        command.Parameters.AddWithValue(organization.AllowedProviders.Select(StreamKeys.Provider).ToArray());
        command.Parameters.AddWithValue(region);
        command.Parameters.AddWithValue(first);
        command.Parameters.AddWithValue(limit);
        command.Parameters.AddWithValue(except);
        var found = new List<PlacementCandidate>();
        await using var rows = await command.ExecuteReaderAsync(ct);
        while (await rows.ReadAsync(ct))
            found.Add(new PlacementCandidate(rows.GetString(0), rows.GetBoolean(1)));
        return found;
    }

    /// <returns>Names in order, at most ten.</returns>
    public static async Task<IReadOnlyList<string>> Names(
        WriteSession session,
        Organization organization,
        string region,
        ProviderRoom room,
        CancellationToken ct
    )
    {
        var found = await Find(session.Connection, organization, region, first: "", MaxNamed, ct);
        var targets = await Load(
            session,
            session.Documents.CreateBatchQuery(),
            [.. found.Select(c => c.ProviderId)],
            room,
            ct
        );
        return
        [
            .. targets
                .Where(t => Placement.Causes(organization, t, region).Count == 0)
                .Select(t => t.Provider.Name)
                .Order(StringComparer.Ordinal),
        ];
    }

    /// <summary>
    /// Returns the error for a region in which no provider can take the workspace, with the obstacles of each.
    /// </summary>
    public static async Task<Error> RefuseRegion(
        WriteSession session,
        Organization organization,
        string region,
        ProviderRoom room,
        CancellationToken ct
    )
    {
        var inRegion = await InRegion(session.Connection, region, ct);
        var targets = await Load(session, session.Documents.CreateBatchQuery(), inRegion, room, ct);
        var causes = targets
            .OrderBy(t => t.Provider.Name, StringComparer.Ordinal)
            .SelectMany(t => Placement.Causes(organization, t, region))
            .ToList();
        var elsewhere = await Names(session, organization, region: "", room, ct);
        return Placement.RefuseRegion(region, causes, elsewhere);
    }

    /// <param name="batch">Executed together with the queries that the caller has added.</param>
    /// <returns>In the order of the ids.</returns>
    public static async Task<IReadOnlyList<PlacementTarget>> Load(
        WriteSession session,
        IBatchedQuery batch,
        string[] ids,
        ProviderRoom room,
        CancellationToken ct
    )
    {
        var loadProviders = batch.LoadMany<Provider>().ById([.. ids.Select(StreamKeys.Provider)]);
        var loadPresences = batch.LoadMany<ProviderPresence>().ById([.. ids.Select(StreamKeys.Presence)]);
        await batch.Execute(ct);
        var providers = await loadProviders;
        var presences = (await loadPresences).ToDictionary(p => p.ProviderId);
        var counts = await Count(session.Connection, providers, room, ct);
        return
        [
            .. providers
                .OrderBy(p => Array.IndexOf(ids, p.ProviderId))
                .Select(p => new PlacementTarget(p, presences[p.ProviderId], counts[p.ProviderId], room.Limit)),
        ];
    }

    private static async Task<Dictionary<string, int>> Count(
        NpgsqlConnection connection,
        IReadOnlyList<Provider> providers,
        ProviderRoom room,
        CancellationToken ct
    )
    {
        var counts = new Dictionary<string, int>();
        foreach (var provider in providers.Where(p => p.Details.MaxWorkspaces == 0))
        {
            if (room.Estimate(provider.ProviderId) is { } known)
                counts[provider.ProviderId] = known;
        }

        var unknown = providers.Select(p => p.ProviderId).Except(counts.Keys).ToArray();
        if (unknown.Length == 0)
            return counts;
        var counted = await WorkspaceCounts.OfProviders(connection, unknown, ct);
        foreach (var id in unknown)
        {
            counts[id] = counted.GetValueOrDefault(id);
            room.Saw(id, counts[id]);
        }

        return counts;
    }

    private static async Task<string[]> InRegion(NpgsqlConnection connection, string region, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(
            $"""
            select p.data ->> 'ProviderId' from {Tables.Providers} p
            where not coalesce((p.data ->> 'Deleted')::boolean, false) and p.data -> 'Details' ->> 'Region' = $1
            order by p.data ->> 'Name' collate "C" limit {MaxExplained}
            """,
            connection
        );
        command.Parameters.AddWithValue(region);
        var ids = new List<string>();
        await using var rows = await command.ExecuteReaderAsync(ct);
        while (await rows.ReadAsync(ct))
            ids.Add(rows.GetString(0));
        return [.. ids];
    }
}
