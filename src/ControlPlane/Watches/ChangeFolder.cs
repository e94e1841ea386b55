using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Storage;
using JasperFx.Events;
using Microsoft.Extensions.Caching.Memory;

namespace Coder.Mesh.ControlPlane.Watches;

/// <summary>
/// Makes changes of resources out of rows of the feed: each stream is folded exactly up to the version that the row tells.
/// Remembers streams, so that the next change of one needs only its new events. Rows come in order, none left out, or
/// <see cref="Forget"/> is called.
/// </summary>
/// <param name="remembered">How many streams; what isn't remembered is folded from its first event on.</param>
internal sealed class ChangeFolder(StreamHistory history, ShownResources shown, int remembered = 20_000) : IDisposable
{
    /// <summary>Rows that are folded at once.</summary>
    public const int MaxRows = 200;

    private readonly MemoryCache _states = new(new MemoryCacheOptions { SizeLimit = remembered });

    public void Forget() => _states.Clear();

    public void Dispose() => _states.Dispose();

    /// <returns>In the order of the rows; a row that changes no resource gives nothing.</returns>
    public async Task<IReadOnlyList<FeedChange>> Fold(IReadOnlyList<FeedRow> all, CancellationToken ct)
    {
        var rows = all.Where(r =>
                StreamKeys.WorkspaceOf(r.Stream) is not null
                || StreamKeys.ProviderOf(r.Stream) is not null
                || StreamKeys.OrganizationOf(r.Stream) is not null
                || r.Stream == StreamKeys.Deployment
            )
            .ToList();
        if (rows.Count == 0)
            return [];
        // Not of the first and last: replicas of v0.1 may put a report before what it was appended to.
        var ranges = rows.GroupBy(r => r.Stream)
            .ToDictionary(g => g.Key, g => (Before: g.Min(r => r.Before), After: g.Max(r => r.After)));
        var (halves, unknown) = OtherHalves(rows, ranges);
        foreach (var (key, version) in await history.Versions(unknown, rows[^1].Position, ct))
            ranges[key] = (version, version);
        var states = Known(ranges);
        foreach (var (key, state) in halves)
            states[key] = state;
        var keys = ranges.Keys.ToList();
        var events = await history.Events(keys.Select(key => (key, states[key].Version, ranges[key].After)), ct);
        var read = keys.Zip(events).ToDictionary(p => p.First, p => p.Second);
        foreach (var (key, range) in ranges)
            states[key] = states[key].Folded(key, read[key], range.Before);

        var own = rows.SelectMany(row => Change(row, states, read)).ToList();
        var changes = await shown.Map(await WithDependents(own, states, rows[^1].Position, ct), ct);
        foreach (var (key, state) in states)
            _states.Set(key, state, new MemoryCacheEntryOptions { Size = 1 });
        return changes;
    }

    // Of providers of which these rows change but one stream.
    private (Dictionary<string, StreamState> Remembered, List<string> Unknown) OtherHalves(
        List<FeedRow> rows,
        Dictionary<string, (long, long)> changed
    )
    {
        var remembered = new Dictionary<string, StreamState>();
        var unknown = new List<string>();
        foreach (var key in rows.SelectMany(r => Halves(r.Stream)).Distinct().Where(key => !changed.ContainsKey(key)))
        {
            if (_states.TryGetValue(key, out StreamState state))
                remembered[key] = state;
            else
                unknown.Add(key);
        }

        return (remembered, unknown);
    }

    // What is remembered of them; what isn't is folded from its first event on. A later version has been told if rows of
    // v0.1 stand in another order: it stays the last one that is told.
    private Dictionary<string, StreamState> Known(Dictionary<string, (long Before, long After)> ranges) =>
        ranges.ToDictionary(
            r => r.Key,
            r =>
                _states.TryGetValue(r.Key, out StreamState state) && state.Version >= r.Value.Before
                    ? state
                    : StreamState.None
        );

    private static IEnumerable<string> Halves(string stream) =>
        StreamKeys.ProviderOf(stream) is { } id ? [StreamKeys.Provider(id), StreamKeys.Presence(id)] : [];

    private static IEnumerable<FoldedChange> Change(
        FeedRow row,
        Dictionary<string, StreamState> states,
        Dictionary<string, IReadOnlyList<IEvent>> events
    )
    {
        var key = row.Stream;
        var before = Resource(key, states);
        states[key] = states[key].Folded(key, events[key], row.After);
        return Resource(key, states) is { } after
            ? [new FoldedChange(row.Position, ResourceKey(key), before, after)]
            : [];
    }

    private static string ResourceKey(string key) =>
        StreamKeys.ProviderOf(key) is { } id ? StreamKeys.Provider(id) : key;

    /// <returns>Null while there is none: a provider has both of its streams or isn't there yet.</returns>
    private static object? Resource(string key, Dictionary<string, StreamState> states)
    {
        if (StreamKeys.ProviderOf(key) is not { } id)
            return states[key].State;
        return
            states[StreamKeys.Provider(id)].State is Provider provider
            && states[StreamKeys.Presence(id)].State is ProviderPresence presence
            ? new ProviderVersion(provider, presence)
            : null;
    }

    /// <summary>
    /// Adds the resources that show something else because of these changes: each once, after the last change that concerns it,
    /// unless a later change of its own shows it anyway.
    /// </summary>
    private async Task<IReadOnlyList<FoldedChange>> WithDependents(
        List<FoldedChange> changes,
        Dictionary<string, StreamState> states,
        FeedPosition at,
        CancellationToken ct
    )
    {
        var due = new Dictionary<string, int>();
        foreach (var (index, change) in changes.Index())
        {
            due.Remove(change.Key);
            foreach (var key in DependentResources.Of(change.Before, change.After))
                due[key] = index;
        }

        if (due.Count == 0)
            return changes;
        await Load(due.Keys.SelectMany(HalvesOrItself).Where(key => !states.ContainsKey(key)), states, at, ct);
        var dependents = due.ToLookup(d => d.Value, d => d.Key);
        return
        [
            .. changes.SelectMany(
                (change, index) =>
                    dependents[index]
                        .Select(key => (Key: key, State: Resource(key, states)))
                        .Where(d => d.State is not null)
                        .Select(d => new FoldedChange(change.Position, d.Key, d.State, d.State!))
                        .Prepend(change)
            ),
        ];
    }

    /// <summary>Reads streams as of a position, except those that are remembered.</summary>
    private async Task Load(
        IEnumerable<string> keys,
        Dictionary<string, StreamState> states,
        FeedPosition at,
        CancellationToken ct
    )
    {
        var unknown = new List<string>();
        foreach (var key in keys)
        {
            if (_states.TryGetValue(key, out StreamState state))
                states[key] = state;
            else
                unknown.Add(key);
        }

        var versions = await history.Versions(unknown, at, ct);
        var events = await history.Events(unknown.Select(key => (key, 0L, versions[key])), ct);
        foreach (var (key, read) in unknown.Zip(events))
            states[key] = StreamState.None.Folded(key, read, versions[key]);
    }

    private static IEnumerable<string> HalvesOrItself(string key) =>
        StreamKeys.ProviderOf(key) is null ? [key] : Halves(key);
}

/// <summary>A change before it is shown.</summary>
/// <param name="Key">Of a provider, the key of its own stream, not of its presence.</param>
internal sealed record FoldedChange(FeedPosition Position, string Key, object? Before, object After);
