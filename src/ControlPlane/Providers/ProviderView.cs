using Coder.Mesh.ControlPlane.Presence;
using Coder.Mesh.ControlPlane.Refusals;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Workspaces;
using Coder.Mesh.Protocol;
using Marten;

namespace Coder.Mesh.ControlPlane.Providers;

/// <summary>A provider as people see it: what admins made it, what its agent says, and what it holds.</summary>
internal sealed record ProviderOverview(Provider Provider, ProviderPresence Presence, int UnfinishedWorkspaces);

/// <summary>Reads providers.</summary>
internal sealed class ProviderView(StoreSessions sessions, WorkspaceView workspaces)
{
    /// <param name="reference">Name or id.</param>
    public async Task<Result<Provider>> Find(string reference, CancellationToken ct)
    {
        await using var session = sessions.Read();
        return await Find(session, reference, ct);
    }

    public async Task<Result<ProviderOverview>> Overview(string reference, CancellationToken ct)
    {
        await using var session = sessions.Read();
        var found = await Find(session, reference, ct);
        if (found.Refusal is { } refusal)
            return refusal;
        return (await Overviews(session, [found.Value], ct))[0];
    }

    /// <summary>A page of living providers in order of name.</summary>
    /// <param name="after">Name of the last provider of the page before; empty for the first page.</param>
    public async Task<IReadOnlyList<ProviderOverview>> Page(string after, int size, CancellationToken ct)
    {
        await using var session = sessions.Read();
        var query = session.Query<Provider>().Where(p => !p.Deleted);
        if (after.Length > 0)
            query = query.Where(p => p.Name.CompareTo(after) > 0);
        return await Overviews(session, await query.OrderBy(p => p.Name).Take(size).ToListAsync(ct), ct);
    }

    public async Task<Provider> BuiltIn(CancellationToken ct)
    {
        await using var session = sessions.Read();
        return await session.Query<Provider>().Where(p => p.Kind == ProviderKind.BuiltIn).SingleAsync(ct);
    }

    /// <summary>Names by id, also of deleted providers.</summary>
    public async Task<IReadOnlyDictionary<string, string>> Names(IEnumerable<string> providerIds, CancellationToken ct)
    {
        await using var session = sessions.Read();
        var providers = await session.LoadManyAsync<Provider>(ct, providerIds.Distinct().Select(StreamKeys.Provider));
        return providers.ToDictionary(p => p.ProviderId, p => p.Name);
    }

    private static async Task<Result<Provider>> Find(IQuerySession session, string reference, CancellationToken ct)
    {
        var provider = Ids.LooksLikeId(reference)
            ? await session.LoadAsync<Provider>(StreamKeys.Provider(reference), ct)
            : await session.Query<Provider>().Where(p => p.Name == reference && !p.Deleted).SingleOrDefaultAsync(ct);
        return provider is { Deleted: false }
            ? provider
            : Refusal.NotFound(
                ErrorReasons.ProviderNotFound,
                $"There is no provider \"{reference}\"; \"mesh providers ls\" lists them."
            );
    }

    private async Task<IReadOnlyList<ProviderOverview>> Overviews(
        IQuerySession session,
        IReadOnlyList<Provider> providers,
        CancellationToken ct
    )
    {
        var ids = providers.Select(p => p.ProviderId).ToArray();
        var presences = (
            await session.LoadManyAsync<ProviderPresence>(ct, ids.Select(StreamKeys.Presence))
        ).ToDictionary(p => p.ProviderId);
        var counts = await workspaces.CountUnfinished(ids, ct);
        return
        [
            .. providers.Select(p => new ProviderOverview(
                p,
                presences[p.ProviderId],
                counts.GetValueOrDefault(p.ProviderId)
            )),
        ];
    }
}
