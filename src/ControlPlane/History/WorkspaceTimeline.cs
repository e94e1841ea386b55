using System.Globalization;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.V1;
using Npgsql;
using Stage = Coder.Mesh.V1.TimelineStage;
using Workspace = Coder.Mesh.ControlPlane.Workspaces.Workspace;

namespace Coder.Mesh.ControlPlane.History;

/// <summary>Position of a page of a timeline.</summary>
/// <param name="Version">Version of the desired-state change that begins the part.</param>
/// <param name="Returned">Number of items of the part that were returned.</param>
internal sealed record TimelinePosition(long Version, int Returned)
{
    public string ToToken() =>
        Paging.Token(
            $"{Version.ToString(CultureInfo.InvariantCulture)}.{Returned.ToString(CultureInfo.InvariantCulture)}"
        );

    /// <returns>Null if the text is not a token of a timeline.</returns>
    public static TimelinePosition? Parse(string token) =>
        Paging.After(token).Split('.') is [var version, var told]
        && long.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out var first)
        && int.TryParse(told, NumberStyles.None, CultureInfo.InvariantCulture, out var second)
        && first > 0
            ? new TimelinePosition(first, second)
            : null;
}

/// <summary>
/// Merges desired-state changes of a workspace with their consequences, oldest first. A part is a change and what was
/// stored until the next one, ordered by time. Times of different parts are never compared, because clusters have their
/// own clocks.
/// </summary>
internal sealed class WorkspaceTimeline(StoreSessions sessions, NpgsqlDataSource database)
{
    private const int Chunk = 500;

    /// <param name="from">Null for the beginning.</param>
    /// <returns>
    /// At most the given number of items and the position of the next page, which is null at the end.
    /// </returns>
    public async Task<(IReadOnlyList<TimelineItem> Items, TimelinePosition? Next)> Page(
        Workspace workspace,
        ulong minGeneration,
        TimelinePosition? from,
        int size,
        CancellationToken ct
    )
    {
        var page = new StoryPage(from ?? new TimelinePosition(1, 0), size);
        var before = (
            await PrecedingEvents.Find(sessions, database, workspace.Id, page.Begin, TimelineState.Kinds, ct)
        ).Aggregate(TimelineState.Unknown, (state, e) => state.After(e.Data));
        await using var session = sessions.Read();
        for (var version = page.Begin; version <= workspace.Version; version += Chunk)
        {
            var events = await session.Events.FetchStreamAsync(
                workspace.Id,
                Math.Min(version + Chunk - 1, workspace.Version),
                fromVersion: version,
                token: ct
            );
            foreach (var stored in events)
            {
                if (
                    TimelineText.BeginsPart(stored.Data)
                    && stored.Version > page.Begin
                    && page.EndPart(stored.Version) is { } next
                )
                    return (page.Items, next);
                page.Add(
                    TimelineText
                        .Of(stored, before, workspace.Generation)
                        .Where(item => item.Generation >= minGeneration)
                );
                before = before.After(stored.Data);
            }
        }

        return (page.Items, page.EndPart(workspace.Version + 1));
    }

    private sealed class StoryPage(TimelinePosition from, int size)
    {
        private readonly List<TimelineItem> _items = [];
        private readonly List<TimelineItem> _part = [];
        private long _partBegin = from.Version;
        private int _returned = from.Returned;
        private int _bytes;

        public long Begin => from.Version;

        public IReadOnlyList<TimelineItem> Items => _items;

        public void Add(IEnumerable<TimelineItem> items) => _part.AddRange(items);

        /// <returns>Position of the next page if this one is full; null if there is room left.</returns>
        public TimelinePosition? EndPart(long next)
        {
            // The desired-state change stays first, whatever the time of the cluster.
            var ordered = _part
                .Take(1)
                .Concat(_part.Skip(1).OrderBy(i => i.Entry.Time.ToDateTimeOffset()).ThenBy(i => Rank(i.Entry.Stage)))
                .ToList();
            foreach (var item in ordered.Skip(_returned))
            {
                var bytes = PageBytes.Of(item);
                if (_items.Count == size || (_items.Count > 0 && _bytes + bytes > PageBytes.Max))
                    return new TimelinePosition(_partBegin, _returned);
                _items.Add(item);
                _bytes += bytes;
                _returned++;
            }

            (_partBegin, _returned) = (next, 0);
            _part.Clear();
            return null;
        }

        // Times of clusters are mostly whole seconds; within a second, stages have a fixed order.
        private static Stage Rank(Stage stage) => stage == Stage.VolumeCreatedAnew ? Stage.VolumeBound : stage;
    }
}
