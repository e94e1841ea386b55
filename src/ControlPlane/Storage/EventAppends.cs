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

    /// <summary>Starts a stream in a session whose events may have different authors, traces and causes.</summary>
    public static void Start<TAggregate>(
        this IDocumentSession session,
        string key,
        WriteContext context,
        IReadOnlyList<object> events
    )
        where TAggregate : class
    {
        var cause = context.RequestId.Length > 0 ? context.RequestId : null;
        foreach (var one in session.Events.StartStream<TAggregate>(key, events).Events)
            (one.UserName, one.CorrelationId, one.CausationId) = (context.Actor, context.Trace, cause);
    }
}
