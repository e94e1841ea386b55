using System.Globalization;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Deployment;
using Coder.Mesh.ControlPlane.Organizations;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Storage;
using JasperFx.Events;
using Marten;
using Npgsql;
using Proto = Coder.Mesh.V1;
using Timestamp = Google.Protobuf.WellKnownTypes.Timestamp;

namespace Coder.Mesh.ControlPlane.History;

/// <summary>
/// Position of a page of a history: the newest event of each of the three sources that is still to be returned.
/// </summary>
/// <param name="Provider">Version of the provider's stream.</param>
/// <param name="Presence">Version of the presence's stream.</param>
/// <param name="Mention">Sequence of events of other streams.</param>
internal sealed record HistoryPosition(long Provider, long Presence, long Mention)
{
    public string ToToken() =>
        Paging.Token(string.Create(CultureInfo.InvariantCulture, $"{Provider}.{Presence}.{Mention}"));

    /// <returns>Null if the text is not a token of a history.</returns>
    public static HistoryPosition? Parse(string token) =>
        Paging.After(token).Split('.') is [var provider, var presence, var mention]
        && Number(provider) is { } first
        && Number(presence) is { } second
        && Number(mention) is { } third
            ? new HistoryPosition(first, second, third)
            : null;

    private static long? Number(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}

/// <summary>One line of a history.</summary>
/// <param name="Text">What happened, with values before and after.</param>
internal sealed record HistoryLine(IEvent Event, string Text);

/// <summary>
/// Merges changes of a provider, its allowlists and the default provider with the provider's status changes, newest
/// first.
/// </summary>
internal sealed class ProviderHistory(
    StoreSessions sessions,
    NpgsqlDataSource database,
    OrganizationView organizations,
    ProviderView providers
)
{
    private sealed record Found(IEvent Event, HistoryState Before, string? PreviousDefault = null)
    {
        public bool IsMention => Event.Data is not (ProviderEvent or PresenceEvent);
    }

    /// <param name="from">Null for the newest.</param>
    /// <returns>
    /// At most the given number of entries and the position of the next page, which is null at the end.
    /// </returns>
    public async Task<(IReadOnlyList<Proto.HistoryEntry> Entries, HistoryPosition? Next)> Page(
        ProviderOverview overview,
        HistoryPosition? from,
        int size,
        CancellationToken ct
    )
    {
        var id = overview.Provider.ProviderId;
        var start = from ?? new HistoryPosition(overview.Provider.Version, overview.Presence.Version, long.MaxValue);
        var provider = await Newest(StreamKeys.Provider(id), start.Provider, size, HistoryState.ProviderKinds, ct);
        var presence = await Newest(StreamKeys.Presence(id), start.Presence, size, HistoryState.PresenceKinds, ct);
        // One more than asked for, to learn whether there is another page.
        var mentions = await Mentions(id, start.Mention, size + 1, ct);
        var merged = Merge(size, provider, presence, mentions);
        var lines = await Describe(id, merged, ct);
        var entries = lines.Select(ToProto).ToList();
        var page = merged.Take(PageBytes.Fitting(entries)).ToList();
        var left = mentions.Skip(page.Count(e => e.IsMention)).Select(e => e.Event.Sequence).FirstOrDefault();
        var next = new HistoryPosition(
            start.Provider - page.Count(e => e.Event.Data is ProviderEvent),
            start.Presence - page.Count(e => e.Event.Data is PresenceEvent),
            left
        );
        return (
            [.. entries.Take(page.Count).Where((_, i) => lines[i].Text.Length > 0)],
            next is { Provider: 0, Presence: 0, Mention: 0 } ? null : next
        );
    }

    /// <summary>
    /// Merges by time, but keeps the order of each source even if clocks of the writers differ. A page holds the newest
    /// events of each source, so that the next one continues where it ends.
    /// </summary>
    /// <param name="parts">Each newest first.</param>
    private static List<Found> Merge(int size, params IReadOnlyList<Found>[] parts)
    {
        var left = parts.Select(part => new Queue<Found>(part)).ToList();
        var page = new List<Found>();
        // Events of one save have the same time. What a person did comes before its consequences.
        while (
            page.Count < size
            && left.Where(part => part.Count > 0)
                .MaxBy(part => (part.Peek().Event.Timestamp, part.Peek().Event.Sequence))
                is { } newest
        )
            page.Add(newest.Dequeue());
        return page;
    }

    /// <returns>Newest first.</returns>
    private async Task<IReadOnlyList<Found>> Newest(
        string key,
        long version,
        int size,
        IReadOnlyList<Type[]> kinds,
        CancellationToken ct
    )
    {
        if (version <= 0)
            return [];
        var first = Math.Max(1, version - size + 1);
        var state = (await PrecedingEvents.Find(sessions, database, key, first, kinds, ct)).Aggregate(
            HistoryState.Unknown,
            (known, e) => known.After(e.Data)
        );
        await using var session = sessions.Read();
        var found = new List<Found>();
        foreach (var stored in await session.Events.FetchStreamAsync(key, version, fromVersion: first, token: ct))
        {
            found.Add(new Found(stored, state));
            state = state.After(stored.Data);
        }

        found.Reverse();
        return found;
    }

    /// <returns>Newest first.</returns>
    private async Task<IReadOnlyList<Found>> Mentions(string providerId, long upTo, int size, CancellationToken ct)
    {
        var mentions = upTo > 0 ? await ProviderMentions.Newest(database, providerId, upTo, size, ct) : [];
        if (mentions.Count == 0)
            return [];
        var sequences = mentions.Select(m => m.Sequence).ToList();
        await using var session = sessions.Read();
        var events = await session
            .Events.QueryAllRawEvents()
            .Where(e => sequences.Contains(e.Sequence))
            .OrderByDescending(e => e.Sequence)
            .ToListAsync(ct);
        var previous = mentions.ToDictionary(m => m.Sequence, m => m.PreviousDefault);
        return [.. events.Select(e => new Found(e, HistoryState.Unknown, previous[e.Sequence]))];
    }

    /// <returns>One line for each event; without text if there is nothing to describe.</returns>
    private async Task<IReadOnlyList<HistoryLine>> Describe(string subject, List<Found> page, CancellationToken ct)
    {
        var names = await organizations.Names(page.Select(OrganizationId).OfType<string>(), ct);
        var providerNames = await providers.Names(
            page.SelectMany(f =>
                f.Event.Data is DefaultProviderSet e ? [e.ProviderId, f.PreviousDefault ?? ""] : Array.Empty<string>()
            ),
            ct
        );
        return [.. page.Select(f => new HistoryLine(f.Event, HistoryText.Of(f.Event.Data, f.Before, Names(f))))];

        HistoryNames Names(Found found)
        {
            var organization = OrganizationId(found) ?? "";
            return new HistoryNames(
                names.GetValueOrDefault(organization, organization),
                id => providerNames.GetValueOrDefault(id, id),
                found.PreviousDefault,
                subject
            );
        }
    }

    private static string? OrganizationId(Found found) => StreamKeys.OrganizationOf(found.Event.StreamKey!);

    private static Proto.HistoryEntry ToProto(HistoryLine line)
    {
        var stored = line.Event;
        var (kind, id) = stored.ActorOf();
        return new()
        {
            Time = Timestamp.FromDateTimeOffset(stored.Timestamp),
            Actor = stored.UserName ?? "",
            Type = stored.EventTypeName,
            Summary = line.Text,
            TraceId = stored.CorrelationId ?? "",
            RequestId = stored.CausationId ?? "",
            ActorKind = kind,
            ActorId = id,
        };
    }
}
