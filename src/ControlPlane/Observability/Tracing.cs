using System.Diagnostics;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Observability;

/// <summary>Spans of the agent stream: one per frame that carries work, never one per stream.</summary>
internal static class Tracing
{
    public const string SourceName = "Coder.Mesh.ControlPlane";

    private static readonly ActivitySource Source = new(SourceName);

    public static string CurrentTraceparent => Activity.Current?.Id ?? "";

    /// <summary>A frame that arrived: child of the work that sent it, linked to the session's own request.</summary>
    public static Activity? StartReceive(string frame, string traceparent, ActivityContext session)
    {
        ActivityContext.TryParse(traceparent, null, isRemote: true, out var parent);
        return Source.StartActivity($"agent.receive {frame}", ActivityKind.Consumer, parent, links: Links(session));
    }

    /// <summary>A frame that leaves. A first delivery belongs to the trace of the wish; a later one only links to it.</summary>
    public static Activity? StartSend(string frame, string traceparent, bool redelivery)
    {
        ActivityContext.TryParse(traceparent, null, isRemote: true, out var wish);
        var name = $"agent.send {frame}";
        return redelivery
            ? Source.StartActivity(name, ActivityKind.Producer, default(ActivityContext), links: Links(wish))
            : Source.StartActivity(name, ActivityKind.Producer, wish);
    }

    /// <summary>A call of somebody who isn't known: a trace of its own.</summary>
    public static Activity? StartUnauthenticated() =>
        Source.StartActivity("unauthenticated call", ActivityKind.Server, default(ActivityContext));

    /// <summary>Work that nobody called for, such as a deadline that has passed: a trace of its own.</summary>
    public static Activity? StartWork(string name) => Source.StartActivity(name);

    /// <summary>
    /// Commands make spans only within a trace. What background loops ask the database for all the time makes none, unless
    /// they find something to do and start a span for it.
    /// </summary>
    public static void OnlyWithinTraces(NpgsqlTracingOptionsBuilder npgsql) =>
        npgsql
            .ConfigureCommandFilter(_ => Activity.Current is not null)
            .ConfigureBatchFilter(_ => Activity.Current is not null);

    /// <summary>One save for many frames: it belongs to none of their traces and links to all.</summary>
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
