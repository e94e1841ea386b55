using Coder.Mesh.ControlPlane.Workspaces;

namespace Coder.Mesh.ControlPlane.Orphans;

/// <summary>One workspace of a snapshot: what an agent reports about the objects in its cluster.</summary>
/// <param name="Applied">Generation of the objects as a whole.</param>
/// <param name="Carried">Highest generation of any of the objects: the agent applies nothing older.</param>
/// <param name="Spec">The spec that the objects were created from; empty where the agent cannot tell.</param>
internal sealed record Held(
    long Applied,
    long Carried,
    ObservedState State,
    string Name,
    WorkspaceSpec Spec,
    string StorageClass
)
{
    /// <summary>Restart generation of the pod; 0 if none.</summary>
    public long Restarted { get; init; }

    /// <summary>
    /// Whether the agent asks for the desired state, because the objects differ from it and the agent does not have it.
    /// </summary>
    public bool WantsDesired { get; init; }
}
