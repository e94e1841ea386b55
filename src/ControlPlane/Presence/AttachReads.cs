using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Storage;
using Marten;

namespace Coder.Mesh.ControlPlane.Presence;

/// <summary>What attaches are decided on, read for many agents with a fixed number of queries.</summary>
internal sealed class AttachReads
{
    private readonly Dictionary<string, ProviderPresence> _presences;
    private readonly Dictionary<string, Provider> _providers;
    private readonly Dictionary<string, string> _holders;
    private IReadOnlyDictionary<string, FailedSessions.Row> _failures = new Dictionary<string, FailedSessions.Row>();

    private AttachReads(
        IEnumerable<ProviderPresence> presences,
        IEnumerable<Provider> providers,
        IReadOnlyList<ProviderPresence> holders
    )
    {
        _presences = presences.ToDictionary(p => p.ProviderId, StringComparer.Ordinal);
        _providers = providers.ToDictionary(p => p.ProviderId, StringComparer.Ordinal);
        _holders = holders.ToDictionary(p => p.NamespaceUid!, p => p.ProviderId, StringComparer.Ordinal);
    }

    /// <param name="all">Agents of different providers.</param>
    public static async Task<AttachReads> Read(
        IDocumentSession session,
        FailedSessions failures,
        IReadOnlyList<Attaching> all,
        CancellationToken ct
    )
    {
        string[] uids = [.. all.Select(a => a.Agent.NamespaceUid).Where(uid => uid.Length > 0).Distinct()];
        var batch = session.CreateBatchQuery();
        var presences = batch
            .LoadMany<ProviderPresence>()
            .ById([.. all.Select(a => StreamKeys.Presence(a.ProviderId))]);
        var providers = batch.LoadMany<Provider>().ById([.. all.Select(a => StreamKeys.Provider(a.ProviderId))]);
        var holders = batch.Query<ProviderPresence>().Where(p => p.NamespaceUid.IsOneOf(uids)).ToList();
        await batch.Execute(ct);
        var reads = new AttachReads(await presences, await providers, await holders);
        await reads.ReadRest(session, failures, all, ct);
        return reads;
    }

    /// <summary>Reads what only few attaches need: failed sessions, and the names of other providers.</summary>
    private async Task ReadRest(
        IDocumentSession session,
        FailedSessions failures,
        IReadOnlyList<Attaching> all,
        CancellationToken ct
    )
    {
        string[] failing = [.. _presences.Values.Where(MayBeFailing).Select(p => p.ProviderId)];
        if (failing.Length > 0)
            _failures = await failures.Find(failing, ct);
        string[] others = [.. all.Select(HolderOf).OfType<string>().Select(StreamKeys.Provider).Distinct()];
        if (others.Length == 0)
            return;
        foreach (var other in await session.LoadManyAsync<Provider>(ct, others))
            _providers.TryAdd(other.ProviderId, other);
    }

    public ProviderPresence? Presence(Attaching attaching) => _presences.GetValueOrDefault(attaching.ProviderId);

    public Provider? Provider(Attaching attaching) => _providers.GetValueOrDefault(attaching.ProviderId);

    /// <returns>Name of another provider that is bound to the agent's namespace; null if there is none.</returns>
    public string? TakenBy(Attaching attaching) =>
        HolderOf(attaching) is { } holder ? _providers.GetValueOrDefault(holder)?.Name ?? holder : null;

    private string? HolderOf(Attaching attaching) =>
        _holders.GetValueOrDefault(attaching.Agent.NamespaceUid) is { } holder && holder != attaching.ProviderId
            ? holder
            : null;

    /// <summary>
    /// Whether too many sessions of the provider in a row ended before their first snapshot was answered.
    /// </summary>
    public bool IsFailing(ProviderPresence presence) =>
        MayBeFailing(presence)
        && _failures.GetValueOrDefault(presence.ProviderId) is { Count: >= StatusMachine.MaxFailures } last
        && last.Epoch >= presence.Epoch;

    private static bool MayBeFailing(ProviderPresence presence) =>
        presence is { Status: ProviderStatus.Error, Attached: false };
}
