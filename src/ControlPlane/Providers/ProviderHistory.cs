using System.Globalization;
using Coder.Mesh.ControlPlane.Refusals;
using Coder.Mesh.ControlPlane.Storage;
using JasperFx.Events;

namespace Coder.Mesh.ControlPlane.Providers;

/// <summary>Where a page of a history begins: the newest version of each stream that hasn't been told yet.</summary>
internal sealed record HistoryPosition(long Provider, long Presence)
{
    public string ToToken() =>
        Paging.Token(
            $"{Provider.ToString(CultureInfo.InvariantCulture)}.{Presence.ToString(CultureInfo.InvariantCulture)}"
        );

    /// <returns>Null if it is no token of a history.</returns>
    public static HistoryPosition? Parse(string token) =>
        Paging.After(token).Split('.') is [var provider, var presence]
        && long.TryParse(provider, NumberStyles.None, CultureInfo.InvariantCulture, out var first)
        && long.TryParse(presence, NumberStyles.None, CultureInfo.InvariantCulture, out var second)
            ? new HistoryPosition(first, second)
            : null;
}

/// <summary>Merges what people did to a provider with what its agent made of it, newest first.</summary>
internal sealed class ProviderHistory(StoreSessions sessions)
{
    /// <param name="from">Null for the newest.</param>
    /// <returns>At most as many as asked for, and where the next page begins; null at the end.</returns>
    public async Task<(IReadOnlyList<IEvent> Events, HistoryPosition? Next)> Page(
        ProviderOverview overview,
        HistoryPosition? from,
        int size,
        CancellationToken ct
    )
    {
        var start = from ?? new HistoryPosition(overview.Provider.Version, overview.Presence.Version);
        var provider = await Newest(StreamKeys.Provider(overview.Provider.ProviderId), start.Provider, size, ct);
        var presence = await Newest(StreamKeys.Presence(overview.Provider.ProviderId), start.Presence, size, ct);
        // Of one save, which has one time, what a person did comes before what follows from it.
        var page = provider
            .Concat(presence)
            .OrderByDescending(e => e.Timestamp)
            .ThenByDescending(e => e.Sequence)
            .Take(size)
            .ToList();
        var next = new HistoryPosition(
            start.Provider - page.Count(e => e.Data is ProviderEvent),
            start.Presence - page.Count(e => e.Data is not ProviderEvent)
        );
        return (page, next is { Provider: 0, Presence: 0 } ? null : next);
    }

    private async Task<IReadOnlyList<IEvent>> Newest(string key, long version, int size, CancellationToken ct)
    {
        if (version <= 0)
            return [];
        await using var session = sessions.Read();
        return await session.Events.FetchStreamAsync(
            key,
            version,
            fromVersion: Math.Max(1, version - size + 1),
            token: ct
        );
    }
}
