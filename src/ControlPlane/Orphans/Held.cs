using Coder.Mesh.ControlPlane.Workspaces;

namespace Coder.Mesh.ControlPlane.Orphans;

/// <summary>One workspace of a snapshot: what an agent says that its cluster holds.</summary>
/// <param name="Applied">The generation that the objects as a whole are of.</param>
/// <param name="Carried">The highest generation that any of them carries: the agent applies nothing older.</param>
/// <param name="Spec">What the objects were made from; empty where the agent can't tell.</param>
internal sealed record Held(
    long Applied,
    long Carried,
    ObservedState State,
    string Name,
    WorkspaceSpec Spec,
    string StorageClass
)
{
    /// <summary>The restart generation that its pod was made with; 0 if none.</summary>
    public long Restarted { get; init; }

    /// <summary>The agent asks for the desired state: the objects differ from it, and it doesn't know it.</summary>
    public bool WantsDesired { get; init; }
}
