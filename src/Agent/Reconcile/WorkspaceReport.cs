using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.V1;

namespace Coder.Mesh.Agent.Reconcile;

/// <summary>What is reported of a workspace.</summary>
/// <param name="Generation">The one that the objects carry, or that could not be applied.</param>
internal sealed record WorkspaceReport(
    string Id,
    ulong Generation,
    WorkspaceState State,
    string Code = "",
    string Message = ""
)
{
    /// <summary>What has happened in this generation.</summary>
    public Timeline Timeline { get; init; } = Timeline.Empty;

    /// <summary>Size of the volume as the cluster has it; empty if there is none, null if that isn't known.</summary>
    public string? Disk { get; init; }

    /// <summary>Asks to be told what is desired: the objects differ from what was applied last, and it isn't known here.</summary>
    public bool ResendDesired { get; init; }
}

/// <summary>What a snapshot says of a workspace.</summary>
/// <param name="Held">What the cluster holds of it; null if nothing, or if its driver can't tell.</param>
internal readonly record struct SnapshotEntry(WorkspaceReport Report, HeldWorkspace? Held);
