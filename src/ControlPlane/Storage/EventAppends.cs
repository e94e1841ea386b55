using Marten;

namespace Coder.Mesh.ControlPlane.Storage;

internal static class EventAppends
{
    /// <summary>Appends events to a stream in a session whose events may have different authors and traces.</summary>
    /// <param name="version">Version of the stream that the events were decided on; the save fails if it has
    /// changed.</param>
    public static void Append<TEvent>(
        this IDocumentSession session,
        string key,
        int version,
        Actor actor,
        IReadOnlyList<TEvent> events,
        string? trace
    )
        where TEvent : class
    {
        var stored = session.Events.Append(key, version + events.Count, events).Events;
        foreach (var one in stored)
            (one.UserName, one.CorrelationId) = (actor.Stored, trace);
    }

    /// <summary>
    /// Sets author, trace and request id of the events that a write has added, since its session may be shared with other
    /// writes.
    /// </summary>
    public static void Sign(this IDocumentSession session, WriteContext context)
    {
        var cause = context.RequestId.Length > 0 ? context.RequestId : null;
        var added = session.PendingChanges.Streams().SelectMany(s => s.Events).Where(e => e.UserName is null);
        foreach (var one in added)
            (one.UserName, one.CorrelationId, one.CausationId) = (context.Actor, context.Trace, cause);
    }
}
