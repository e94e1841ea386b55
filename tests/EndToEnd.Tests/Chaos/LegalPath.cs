namespace Coder.Mesh.EndToEnd.Tests.Chaos;

/// <summary>The ways that a workspace may go, by its events.</summary>
internal static class LegalPath
{
    // From what was seen to what may be seen next, of the same generation.
    private static readonly Dictionary<State, State[]> Next = new()
    {
        [State.Pending] = [State.Starting, State.Running, State.Stopping, State.Stopped, State.Failed],
        [State.Starting] = [State.Running, State.Failed],
        [State.Running] = [State.Starting, State.Failed],
        [State.Stopping] = [State.Stopped, State.Failed],
        [State.Stopped] = [State.Failed],
        [State.Failed] = [State.Pending, State.Starting, State.Running, State.Stopping, State.Stopped],
        [State.Deleting] = [State.Deleted, State.Failed],
        [State.Deleted] = [],
        [State.Lost] = [],
    };

    // What may be seen of a generation that was the effect of such a write.
    private static readonly Dictionary<WriteKind, State[]> Seen = new()
    {
        [WriteKind.Create] = [State.Pending, State.Starting, State.Running, State.Failed],
        [WriteKind.Start] = [State.Pending, State.Starting, State.Running, State.Failed],
        [WriteKind.Stop] = [State.Pending, State.Stopping, State.Stopped, State.Failed],
        [WriteKind.Delete] = [State.Deleting, State.Deleted, State.Failed],
    };

    public static IEnumerable<string> Violations(string workspaceId, IReadOnlyList<StoredEvent> stream)
    {
        if (stream[0].Kind != EventKind.Created)
            yield return $"{workspaceId} begins with {stream[0].Kind}";
        var (generation, seen, seenAt) = (0L, State.Pending, 0L);
        foreach (var e in stream)
        {
            if (seen is State.Deleted or State.Lost)
                yield return $"{workspaceId}: {e.Kind} {e.State} after {seen}";
            foreach (var trouble in Step(e, stream, generation, seen, seenAt))
                yield return $"{workspaceId}: {trouble}";
            if (e.Kind == EventKind.Observed)
                (seen, seenAt) = (e.State, e.Generation);
            else
                generation = e.Generation;
            if (e.Kind == EventKind.DeleteRequested)
                (seen, seenAt) = (State.Deleting, e.Generation);
        }
    }

    private static IEnumerable<string> Step(
        StoredEvent e,
        IReadOnlyList<StoredEvent> stream,
        long generation,
        State seen,
        long seenAt
    ) =>
        e.Kind switch
        {
            EventKind.Observed => Observed(e, stream, generation, seen, seenAt),
            EventKind.Lost => ["Lost, though nobody gave it up"],
            EventKind.GenerationRaised => [$"the store was behind its cluster and raised generation {generation}"],
            _ when e.Generation != generation + 1 => [$"{e.Kind} at generation {e.Generation} after {generation}"],
            _ when stream.TakeWhile(x => x != e).Any(x => x.Kind == EventKind.DeleteRequested) =>
            [
                $"{e.Kind} after its deletion was asked for",
            ],
            _ => [],
        };

    private static IEnumerable<string> Observed(
        StoredEvent e,
        IReadOnlyList<StoredEvent> stream,
        long generation,
        State seen,
        long seenAt
    )
    {
        if (e.Generation > generation)
            yield return $"{e.State} seen at generation {e.Generation}, which was not given out before {generation}";
        // 0: what was applied isn't there as a whole.
        if (e.Generation < seenAt && e.Generation != 0)
            yield return $"{e.State} seen at generation {e.Generation} after {seen} at {seenAt}";
        if (e.Generation == seenAt && e.State != seen && !Next[seen].Contains(e.State))
            yield return $"{e.State} after {seen}, both at generation {seenAt}";

        // 0: nothing applied yet but a volume.
        if (e.Generation == 0 && e.State is not (State.Pending or State.Starting))
            yield return $"{e.State} seen before any generation was applied";
        else if (Checker.DesiredChangeAt(stream, e.Generation) is { } change && !Seen[change].Contains(e.State))
            yield return $"{e.State} seen at generation {e.Generation}, which was the effect of a {change}";
    }
}
