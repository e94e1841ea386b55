using System.Collections.Immutable;

namespace Coder.Mesh.ControlPlane.Workspaces;

/// <summary>
/// What a workspace remembers of its timeline, so that no occurrence is stored twice and the number per generation is
/// bounded. Pure functions.
/// </summary>
/// <param name="Generation">The newest generation with an occurrence.</param>
/// <param name="Count">Number of occurrences of that generation.</param>
/// <param name="Ids">
/// Ids of the latest occurrences, including those of earlier generations, since a pod may outlive several.
/// </param>
/// <param name="Volume">Id of the occurrence of the home volume's creation; empty if there was none.</param>
public sealed record TimelineMemory(long Generation, int Count, ImmutableArray<string> Ids, string Volume)
{
    /// <summary>Maximum number of entries of one generation.</summary>
    public const int MaxEntries = 100;

    private const string FullId = "full";

    public static readonly TimelineMemory Empty = new(0, 0, [], "");

    /// <returns>The entries of a report that are to be stored.</returns>
    public ImmutableArray<TimelineEntry> News(long generation, IEnumerable<TimelineEntry> reported)
    {
        // The timeline of an older generation is complete.
        if (generation < Generation)
            return [];
        var count = generation == Generation ? Count : 0;
        var known = Ids.ToHashSet(StringComparer.Ordinal);
        if (generation > Generation)
            known.Remove(FullId);
        var news = ImmutableArray.CreateBuilder<TimelineEntry>();
        foreach (var entry in reported.Where(e => known.Add(e.Id)).SelectMany(WithRemarks))
        {
            if (count == MaxEntries)
                break;
            news.Add(++count == MaxEntries ? Full(entry) : entry);
        }

        return news.ToImmutable();
    }

    /// <summary>Returns the memory after entries were stored.</summary>
    public TimelineMemory After(long generation, ImmutableArray<TimelineEntry> stored)
    {
        if (stored.IsEmpty)
            return this;
        var ids = Ids.Remove(FullId).AddRange(stored.Select(e => e.Id));
        return new TimelineMemory(
            generation,
            (generation == Generation ? Count : 0) + stored.Length,
            ids.Length > MaxEntries ? ids.RemoveRange(0, ids.Length - MaxEntries) : ids,
            stored.LastOrDefault(e => e.Stage == TimelineStage.VolumeBound)?.Id ?? Volume
        );
    }

    private IEnumerable<TimelineEntry> WithRemarks(TimelineEntry entry)
    {
        if (entry.Stage == TimelineStage.VolumeBound && Volume.Length > 0 && entry.Id != Volume)
            yield return new TimelineEntry(
                $"anew/{entry.Id}",
                entry.At,
                TimelineStage.VolumeCreatedAnew,
                "",
                "The home volume was replaced: its disk is empty unless it was restored."
            );
        yield return entry;
    }

    private static TimelineEntry Full(TimelineEntry entry) =>
        entry.Id == FullId
            ? entry
            : new TimelineEntry(
                FullId,
                entry.At,
                TimelineStage.Notice,
                "",
                "This generation has more entries than are kept; later ones are dropped."
            );
}
