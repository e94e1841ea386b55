namespace Coder.Mesh.ControlPlane.Workspaces;

/// <summary>A stored occurrence in the life of a workspace.</summary>
/// <param name="Id">Equal for repeated reports of the same occurrence.</param>
/// <param name="At">By the reporter's clock.</param>
public sealed record TimelineEntry(string Id, DateTimeOffset At, TimelineStage Stage, string Code, string Message);

/// <summary>Stages, named as in the API. Desired-state changes are events of their own and not among them.</summary>
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

    /// <summary>A conclusion of the control plane itself.</summary>
    VolumeCreatedAnew,
}
