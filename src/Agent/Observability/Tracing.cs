using System.Diagnostics;

namespace Coder.Mesh.Agent.Observability;

/// <summary>Spans of the agent: one for each frame and each piece of work, and none for the stream.</summary>
internal static class Tracing
{
    public const string SourceName = "Coder.Mesh.Agent";

    private static readonly ActivitySource Source = new(SourceName);

    /// <summary>Starts the span of a received frame, a child of the work in the other process that sent it.</summary>
    public static Activity? StartFrame(string name, string traceparent) =>
        Start(name, ActivityKind.Consumer, traceparent, isRemote: true);

    /// <summary>Starts the span of work that a frame requested and that outlives the frame's span.</summary>
    public static Activity? StartWork(string name, string traceparent) =>
        Start(name, ActivityKind.Internal, traceparent, isRemote: false);

    /// <summary>
    /// Returns the context to pass on: that of the span if it is recorded, else the received one, so that the trace
    /// continues.
    /// </summary>
    public static string Traceparent(this Activity? span, string received) => span?.Id ?? received;

    private static Activity? Start(string name, ActivityKind kind, string traceparent, bool isRemote)
    {
        // A frame without a context starts a new trace; it is not a child of the current activity of this thread.
        Activity.Current = null;
        ActivityContext.TryParse(traceparent, null, isRemote, out var parent);
        return Source.StartActivity(name, kind, parent);
    }
}
