using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.Protocol;
using Marten;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Providers;

/// <summary>Both streams of a provider: the commands of admins and the state of its agent.</summary>
internal sealed record ProviderOverview(Provider Provider, ProviderPresence Presence);

/// <summary>Reads providers.</summary>
internal sealed class ProviderView(StoreSessions sessions, NpgsqlDataSource database, LostSessions lost)
{
    /// <param name="reference">Name or id of an existing provider.</param>
    public async Task<Result<Provider>> Find(string reference, CancellationToken ct)
    {
        await using var session = sessions.Read();
        return await Find(session, reference, ct) is { Deleted: false } provider ? provider : NotFound(reference);
    }

    /// <returns>The provider, deleted or not; null if there never was one with this id.</returns>
    public async Task<Provider?> Load(string providerId, CancellationToken ct)
    {
        await using var session = sessions.Read();
        return await session.LoadAsync<Provider>(StreamKeys.Provider(providerId), ct);
    }

    /// <param name="reference">Name of an existing provider, or id of an existing or deleted one.</param>
    public async Task<Result<Provider>> FindEver(string reference, CancellationToken ct)
    {
        await using var session = sessions.Read();
        return await Find(session, reference, ct) is { } provider ? provider : NotFound(reference);
    }

    /// <inheritdoc cref="FindEver"/>
    public async Task<Result<ProviderOverview>> Overview(string reference, CancellationToken ct)
    {
        await using var session = sessions.Read();
        return await Find(session, reference, ct) is { } provider
            ? (await Overviews(session, [provider], ct))[0]
            : NotFound(reference);
    }

    /// <summary>Returns a page of providers in order of name.</summary>
    /// <param name="after">End of the previous page; null for the first page.</param>
    public async Task<IReadOnlyList<ProviderOverview>> Page(
        ProviderFilter filter,
        ProviderPosition? after,
        int size,
        CancellationToken ct
    )
    {
        string[] keys;
        await using (var command = filter.Query(after, size))
        {
            await using var connection = await database.OpenConnectionAsync(ct);
            command.Connection = connection;
            var found = new List<string>();
            await using var rows = await command.ExecuteReaderAsync(ct);
            while (await rows.ReadAsync(ct))
                found.Add(rows.GetString(0));
            keys = [.. found];
        }

        await using var session = sessions.Read();
        var providers = await session.LoadManyAsync<Provider>(ct, keys);
        return await Overviews(session, [.. providers.OrderBy(p => Array.IndexOf(keys, p.Id))], ct);
    }

    public async Task<Provider> BuiltIn(CancellationToken ct)
    {
        await using var session = sessions.Read();
        return await session.Query<Provider>().Where(p => p.Kind == ProviderKind.BuiltIn).SingleAsync(ct);
    }

    /// <summary>Returns names by id, including those of deleted providers.</summary>
    public async Task<IReadOnlyDictionary<string, string>> Names(IEnumerable<string> providerIds, CancellationToken ct)
    {
        // Without the whole documents, since an organization may be allowed thousands.
        await using var command = database.CreateCommand(
            $"select data ->> 'ProviderId', data ->> 'Name' from {Tables.Providers} where id = any($1)"
        );
        command.Parameters.AddWithValue(providerIds.Distinct().Select(StreamKeys.Provider).ToArray());
        var names = new Dictionary<string, string>();
        await using var rows = await command.ExecuteReaderAsync(ct);
        while (await rows.ReadAsync(ct))
            names[rows.GetString(0)] = rows.GetString(1);
        return names;
    }

    /// <summary>Returns names and states by id, including those of deleted providers.</summary>
    public async Task<IReadOnlyDictionary<string, WorkspaceProvider>> OfWorkspaces(
        IEnumerable<string> providerIds,
        CancellationToken ct
    )
    {
        string[] ids = [.. providerIds.Distinct()];
        if (ids.Length == 0)
            return new Dictionary<string, WorkspaceProvider>();
        var names = await Names(ids, ct);
        await using var session = sessions.Read();
        var presences = await Presences(session, ids, ct);
        return presences.ToDictionary(
            p => p.ProviderId,
            p => WorkspaceProvider.Of(names.GetValueOrDefault(p.ProviderId, p.ProviderId), p)
        );
    }

    private async Task<IReadOnlyList<ProviderOverview>> Overviews(
        IQuerySession session,
        IReadOnlyList<Provider> providers,
        CancellationToken ct
    )
    {
        string[] ids = [.. providers.Select(p => p.ProviderId)];
        var presences = (await Presences(session, ids, ct)).ToDictionary(p => p.ProviderId);
        return [.. providers.Select(p => new ProviderOverview(p, presences[p.ProviderId]))];
    }

    private async Task<IReadOnlyList<ProviderPresence>> Presences(
        IQuerySession session,
        IEnumerable<string> ids,
        CancellationToken ct
    ) => await lost.Detach(await session.LoadManyAsync<ProviderPresence>(ct, ids.Select(StreamKeys.Presence)), ct);

    private static async Task<Provider?> Find(IQuerySession session, string reference, CancellationToken ct) =>
        Ids.IsId(reference)
            ? await session.LoadAsync<Provider>(StreamKeys.Provider(reference), ct)
            : await session.Query<Provider>().Where(p => p.Name == reference && !p.Deleted).SingleOrDefaultAsync(ct);

    private static Error NotFound(string reference) =>
        Error.NotFound(
            ErrorReasons.ProviderNotFound,
            $"There is no provider \"{reference}\"; \"mesh providers ls\" lists them."
        );
}
