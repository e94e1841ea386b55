using System.Diagnostics;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Observability;

/// <summary>Spans of the agent stream: one for each frame that causes work, and none for the stream.</summary>
internal static class Tracing
{
    public const string SourceName = "Coder.Mesh.ControlPlane";

    private static readonly ActivitySource Source = new(SourceName);

    public static string CurrentTraceparent => Activity.Current?.Id ?? "";

    /// <summary>
    /// Starts the span of a received frame: a child of the work that sent it, linked to the request of the session.
    /// </summary>
    public static Activity? StartReceive(string frame, string traceparent, ActivityContext session)
    {
        ActivityContext.TryParse(traceparent, null, isRemote: true, out var parent);
        return Source.StartActivity($"agent.receive {frame}", ActivityKind.Consumer, parent, links: Links(session));
    }

    /// <summary>
    /// Starts the span of a sent frame. A first delivery belongs to the trace of the desired-state change; a later one
    /// links to it.
    /// </summary>
    public static Activity? StartSend(string frame, string traceparent, bool redelivery)
    {
        ActivityContext.TryParse(traceparent, null, isRemote: true, out var wish);
        var name = $"agent.send {frame}";
        return redelivery
            ? Source.StartActivity(name, ActivityKind.Producer, default(ActivityContext), links: Links(wish))
            : Source.StartActivity(name, ActivityKind.Producer, wish);
    }

    /// <summary>Starts a new trace for a call that is not authenticated.</summary>
    public static Activity? StartUnauthenticated() =>
        Source.StartActivity("unauthenticated call", ActivityKind.Server, default(ActivityContext));

    /// <summary>Starts a new trace for work without a caller, such as a deadline that has passed.</summary>
    public static Activity? StartWork(string name) => Source.StartActivity(name);

    /// <summary>
    /// Limits database spans to existing traces. Background loops query the database all the time; they make no spans
    /// unless they find work and start a trace for it.
    /// </summary>
    public static void OnlyWithinTraces(NpgsqlTracingOptionsBuilder npgsql) =>
        npgsql
            .ConfigureCommandFilter(_ => Activity.Current is not null)
            .ConfigureBatchFilter(_ => Activity.Current is not null);

    /// <summary>Starts the span of one save for many frames, linked to the traces of all of them.</summary>
    public static Activity? StartBatch(string name, IEnumerable<ActivityContext> frames) =>
        Source.HasListeners()
            ? Source.StartActivity(
                name,
                ActivityKind.Internal,
                default(ActivityContext),
                links: frames.Where(f => f != default).Select(f => new ActivityLink(f))
            )
            : null;

    private static ActivityLink[] Links(ActivityContext context) =>
        context == default ? [] : [new ActivityLink(context)];
}
