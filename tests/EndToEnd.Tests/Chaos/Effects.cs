namespace Coder.Mesh.EndToEnd.Tests.Chaos;

/// <summary>
/// Every acknowledged write took effect exactly once, no refused one did, an unanswered one did at most once, and
/// nothing happened that nobody asked for.
/// </summary>
internal static class Effects
{
    public static IEnumerable<string> Violations(
        IReadOnlyList<Write> writes,
        IReadOnlyList<StoredEvent> events,
        IReadOnlyDictionary<string, List<StoredEvent>> streams
    )
    {
        var effects = events.Where(e => Checker.DesiredChange(e.Kind) is not null).ToLookup(e => e.RequestId);
        var asked = writes.Select(w => w.RequestId).ToHashSet();
        var unasked = effects
            .Where(e => !asked.Contains(e.Key))
            .Select(e => $"{e.First().Kind} of {e.First().WorkspaceId} has no write (request id \"{e.Key}\")");
        return unasked
            .Concat(writes.SelectMany(w => OfOne(w, [.. effects[w.RequestId]], streams)))
            .Concat(
                writes.GroupBy(w => w.WorkspaceId).Where(g => g.Key != "").SelectMany(g => InOrder([.. g], effects))
            );
    }

    private static IEnumerable<string> OfOne(
        Write write,
        IReadOnlyList<StoredEvent> effects,
        IReadOnlyDictionary<string, List<StoredEvent>> streams
    )
    {
        if (effects.Count > 1)
            yield return $"{write} took effect {effects.Count} times";
        if (write.Refused && effects.Count > 0)
            yield return $"{write} was refused ({write.Attempts[0].Said}) and took effect";
        if (effects.Count > 0 && RefusedAgain(write) is { } again)
            yield return $"{write} had taken effect, and was refused when it was sent again ({again.Said})";
        var answers = write.Attempts.Where(a => a.Verdict == Verdict.Acknowledged).ToList();
        if (answers.Select(a => a.WorkspaceId).Distinct().Count() > 1)
            yield return $"{write} was acknowledged for different workspaces";
        foreach (var effect in effects.Where(e => !Fits(write, e)))
            yield return $"{write} took effect as {effect.Kind} of {effect.WorkspaceId} {effect.Name}";
        if (answers is [var answer, ..] && Missing(write, answer, effects, streams) is { } missing)
            yield return $"{write} was acknowledged and {missing}";
    }

    // After a call that was cut: one that only took too long may still be at work while it is sent again.
    private static Attempt? RefusedAgain(Write write) =>
        write
            .Attempts.SkipWhile(a => a.Verdict == Verdict.Refused)
            .TakeWhile(a => !a.Said.StartsWith("DeadlineExceeded", StringComparison.Ordinal))
            .FirstOrDefault(a => a.Verdict == Verdict.Refused);

    private static bool Fits(Write write, StoredEvent effect)
    {
        if (Checker.DesiredChange(effect.Kind) != write.Kind)
            return false;
        if (write.Kind != WriteKind.Create)
            return effect.WorkspaceId == write.WorkspaceId;
        var answer = write.Acknowledgement;
        return effect.Name == write.Name && (answer is null || answer.WorkspaceId == effect.WorkspaceId);
    }

    private static string? Missing(
        Write write,
        Attempt answer,
        IReadOnlyList<StoredEvent> effects,
        IReadOnlyDictionary<string, List<StoredEvent>> streams
    )
    {
        if (effects is [var effect, ..])
            return effect.Generation <= answer.Generation
                ? null
                : $"took effect at generation {effect.Generation}, after the {answer.Generation} of its answer";
        if (write.Kind == WriteKind.Create || !streams.TryGetValue(answer.WorkspaceId, out var stream))
            return "isn't in the store";

        // What was wished already needs no event.
        var change = Checker.DesiredChangeAt(stream, answer.Generation);
        var same = change == write.Kind || (change, write.Kind) is (WriteKind.Create, WriteKind.Start);
        return same ? null : $"isn't in the store, where generation {answer.Generation} is the effect of a {change}";
    }

    // What begins after an answer comes after it in the store.
    private static IEnumerable<string> InOrder(IReadOnlyList<Write> writes, ILookup<string, StoredEvent> effects)
    {
        foreach (var later in writes)
        foreach (var earlier in writes)
        {
            if (
                earlier.Acknowledgement is { } answer
                && effects[later.RequestId].FirstOrDefault() is { } effect
                && answer.EndedAt < later.Attempts[0].SentAt
                && effect.Generation <= answer.Generation
            )
                yield return $"{later} took effect at generation {effect.Generation}, though {earlier} had been answered "
                    + $"with {answer.Generation} before it was sent";
        }
    }
}
