namespace Coder.Mesh.EndToEnd.Tests.Chaos;

/// <summary>Judges a history. Pure.</summary>
internal static class Checker
{
    /// <returns>Each promise that was broken, by whom and how; nothing if none was.</returns>
    public static IReadOnlyList<string> Violations(History history)
    {
        var streams = history.Events.GroupBy(e => e.WorkspaceId).ToDictionary(g => g.Key, g => g.ToList());
        return
        [
            .. Effects.Violations(history.Writes, history.Events, streams),
            .. streams.SelectMany(s => LegalPath.Violations(s.Key, s.Value)),
            .. Agreement.Violations(history, streams),
        ];
    }

    /// <summary>The change that was in force at a generation; null if there was no such generation.</summary>
    public static WriteKind? DesiredChangeAt(IEnumerable<StoredEvent> stream, long generation) =>
        stream.FirstOrDefault(e => e.Generation == generation && DesiredChange(e.Kind) is not null) is { } e
            ? DesiredChange(e.Kind)
            : null;

    /// <summary>The change that such an event is the effect of.</summary>
    public static WriteKind? DesiredChange(EventKind kind) =>
        kind switch
        {
            EventKind.Created => WriteKind.Create,
            EventKind.StartRequested => WriteKind.Start,
            EventKind.StopRequested => WriteKind.Stop,
            EventKind.DeleteRequested => WriteKind.Delete,
            _ => null,
        };
}
