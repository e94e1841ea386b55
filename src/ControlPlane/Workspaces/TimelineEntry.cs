namespace Coder.Mesh.ControlPlane.Workspaces;

/// <summary>One thing that happened to a workspace, as it is stored.</summary>
/// <param name="Id">The same happening told again has the same one.</param>
/// <param name="At">By the clock of whoever saw it.</param>
public sealed record TimelineEntry(string Id, DateTimeOffset At, TimelineStage Stage, string Code, string Message);

/// <summary>Named as in the API. What is asked for is an event of its own, and none of these.</summary>
public enum TimelineStage
{
    Waiting,
    VolumeBound,
    Scheduled,
    ImagePulling,
    ImagePulled,
    Started,
    Ready,
    Failed,
    Ended,
    Stopped,
    Notice,

    /// <summary>The control plane's own conclusion.</summary>
    VolumeCreatedAnew,
}
