using System.Globalization;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.V1;
using Npgsql;
using Stage = Coder.Mesh.V1.TimelineStage;
using Workspace = Coder.Mesh.ControlPlane.Workspaces.Workspace;

namespace Coder.Mesh.ControlPlane.History;

/// <summary>Where a page of a story begins: the version of the wish that a part begins with, and what of the part was told.</summary>
internal sealed record TimelinePosition(long Version, int Told)
{
    public string ToToken() =>
        Paging.Token($"{Version.ToString(CultureInfo.InvariantCulture)}.{Told.ToString(CultureInfo.InvariantCulture)}");

    /// <returns>Null if it is no token of a story.</returns>
    public static TimelinePosition? Parse(string token) =>
        Paging.After(token).Split('.') is [var version, var told]
        && long.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out var first)
        && int.TryParse(told, NumberStyles.None, CultureInfo.InvariantCulture, out var second)
        && first > 0
            ? new TimelinePosition(first, second)
            : null;
}

/// <summary>
/// Merges what people asked of a workspace with what came of it, oldest first. A part is a wish and what was stored until the
/// next one, by time: the clusters' clocks are not ours, so that times of different parts are never compared.
/// </summary>
internal sealed class WorkspaceTimeline(StoreSessions sessions, NpgsqlDataSource database)
{
    private const int Chunk = 500;

    /// <param name="from">Null for the beginning.</param>
    /// <returns>At most as many as asked for, and where the next page begins; null at the end.</returns>
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
        private int _told = from.Told;
        private int _bytes;

        public long Begin => from.Version;

        public IReadOnlyList<TimelineItem> Items => _items;

        public void Add(IEnumerable<TimelineItem> items) => _part.AddRange(items);

        /// <returns>Where the next page begins if this one is full; null if there is room left.</returns>
        public TimelinePosition? EndPart(long next)
        {
            // The wish is the first, and stays so whatever the cluster's clock says.
            var ordered = _part
                .Take(1)
                .Concat(_part.Skip(1).OrderBy(i => i.Entry.Time.ToDateTimeOffset()).ThenBy(i => Rank(i.Entry.Stage)))
                .ToList();
            foreach (var item in ordered.Skip(_told))
            {
                var bytes = PageBytes.Of(item);
                if (_items.Count == size || (_items.Count > 0 && _bytes + bytes > PageBytes.Max))
                    return new TimelinePosition(_partBegin, _told);
                _items.Add(item);
                _bytes += bytes;
                _told++;
            }

            (_partBegin, _told) = (next, 0);
            _part.Clear();
            return null;
        }

        // Clusters' times are mostly whole seconds: within one the stages have their own order.
        private static Stage Rank(Stage stage) => stage == Stage.VolumeCreatedAnew ? Stage.VolumeBound : stage;
    }
}
