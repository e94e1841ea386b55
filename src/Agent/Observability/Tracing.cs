using System.Diagnostics;

namespace Coder.Mesh.Agent.Observability;

/// <summary>Spans of the agent: one for each frame and each piece of work, never one for a stream.</summary>
internal static class Tracing
{
    public const string SourceName = "Coder.Mesh.Agent";

    private static readonly ActivitySource Source = new(SourceName);

    /// <summary>A span for one received frame: child of the work that sent it, which stands in another process.</summary>
    public static Activity? StartFrame(string name, string traceparent) =>
        Start(name, ActivityKind.Consumer, traceparent, isRemote: true);

    /// <summary>A span for work that a frame asked for and that outlives the frame's own span.</summary>
    public static Activity? StartWork(string name, string traceparent) =>
        Start(name, ActivityKind.Internal, traceparent, isRemote: false);

    /// <summary>What to pass on: the span if one is recorded, else what came in, so that the trace doesn't end here.</summary>
    public static string Traceparent(this Activity? span, string received) => span?.Id ?? received;

    private static Activity? Start(string name, ActivityKind kind, string traceparent, bool isRemote)
    {
        // A frame without a context is work of its own, not a child of whatever runs on this thread.
        Activity.Current = null;
        ActivityContext.TryParse(traceparent, null, isRemote, out var parent);
        return Source.StartActivity(name, kind, parent);
    }
}
