using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.V1;

namespace Coder.Mesh.Agent.Reconcile;

/// <summary>Report of a workspace.</summary>
/// <param name="Generation">That of the objects, or the one that could not be applied.</param>
internal sealed record WorkspaceReport(
    string Id,
    ulong Generation,
    WorkspaceState State,
    string Code = "",
    string Message = ""
)
{
    /// <summary>Occurrences in this generation.</summary>
    public Timeline Timeline { get; init; } = Timeline.Empty;

    /// <summary>Size of the volume in the cluster; empty if there is none, null if unknown.</summary>
    public string? Disk { get; init; }

    /// <summary>
    /// Whether to ask for the desired state: the objects differ from what was applied, and it is not known here.
    /// </summary>
    public bool ResendDesired { get; init; }
}

/// <summary>Entry of a snapshot.</summary>
/// <param name="Held">Description by the objects; null if there are none, or the driver cannot tell.</param>
internal readonly record struct SnapshotEntry(WorkspaceReport Report, HeldWorkspace? Held);
