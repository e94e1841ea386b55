using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Storage;
using JasperFx.Events;
using Microsoft.Extensions.Caching.Memory;

namespace Coder.Mesh.ControlPlane.Watches;

/// <summary>
/// Converts feed rows into changes of resources: folds each stream exactly to the version that the row names. Caches
/// streams, so that the next change of a stream needs only its new events. Rows must be passed in order and without
/// gaps; after a gap, call <see cref="Forget"/>.
/// </summary>
/// <param name="remembered">Maximum number of cached streams. Others are folded from their first event.</param>
internal sealed class ChangeProjector(StreamHistory history, ShownResources shown, int remembered = 20_000)
    : IDisposable
{
    /// <summary>Maximum number of rows per call.</summary>
    public const int MaxRows = 200;

    private readonly MemoryCache _states = new(new MemoryCacheOptions { SizeLimit = remembered });

    public void Forget() => _states.Clear();

    public void Dispose() => _states.Dispose();

    /// <returns>Changes in the order of the rows. A row that changes no resource yields none.</returns>
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
        // The minimum and maximum, not the first and last row: replicas of v0.1 may write rows of a stream out of
        // order.
        var ranges = rows.GroupBy(r => r.Stream)
            .ToDictionary(g => g.Key, g => (Before: g.Min(r => r.Before), After: g.Max(r => r.After)));
        var states = Known(ranges);
        // A provider is shown by both of its streams, of which these rows may change only one.
        await Load(rows.SelectMany(r => StreamsOf(r.Stream)), states, rows[^1].Position, ct);
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

    // Uses the cached state of a stream, or starts from its first event. Where rows of v0.1 are out of order, the
    // cached state may be of a later version, which then stays the last one reported.
    private Dictionary<string, StreamState> Known(Dictionary<string, (long Before, long After)> ranges) =>
        ranges.ToDictionary(
            r => r.Key,
            r =>
                _states.TryGetValue(r.Key, out StreamState state) && state.Version >= r.Value.Before
                    ? state
                    : StreamState.None
        );

    /// <summary>Keys of all streams that make up the resource of a stream.</summary>
    private static IEnumerable<string> StreamsOf(string key) =>
        StreamKeys.ProviderOf(key) is { } id ? [StreamKeys.Provider(id), StreamKeys.Presence(id)] : [key];

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

    /// <returns>Null if the resource does not exist yet. A provider exists when both of its streams do.</returns>
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
    /// Adds the resources that show something else because of these changes: each once, after the last change that
    /// concerns it, unless a later change of its own shows it anyway.
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
        await Load(due.Keys.SelectMany(StreamsOf), states, at, ct);
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

    /// <summary>
    /// Adds the states of streams that are missing, as of a position. Reads only those that are not cached.
    /// </summary>
    private async Task Load(
        IEnumerable<string> keys,
        Dictionary<string, StreamState> states,
        FeedPosition at,
        CancellationToken ct
    )
    {
        var unknown = new List<string>();
        foreach (var key in keys.Distinct().Where(key => !states.ContainsKey(key)))
        {
            if (_states.TryGetValue(key, out StreamState state))
                states[key] = state;
            else
                unknown.Add(key);
        }

        if (unknown.Count == 0)
            return;
        var versions = await history.Versions(unknown, at, ct);
        var events = await history.Events(unknown.Select(key => (key, 0L, versions[key])), ct);
        foreach (var (key, read) in unknown.Zip(events))
            states[key] = StreamState.None.Folded(key, read, versions[key]);
    }
}

/// <summary>A change that is not yet mapped to the resource that the API shows.</summary>
/// <param name="Key">Of a provider, the key of its own stream, not of its presence.</param>
internal sealed record FoldedChange(FeedPosition Position, string Key, object? Before, object After);
