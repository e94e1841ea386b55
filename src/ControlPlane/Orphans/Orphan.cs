using Coder.Mesh.ControlPlane.Workspaces;

namespace Coder.Mesh.ControlPlane.Orphans;

/// <summary>A workspace that a provider's cluster holds and the store doesn't know, as last reported.</summary>
/// <param name="Generation">The highest that its objects carry.</param>
internal sealed record Orphan(
    string ProviderId,
    string WorkspaceId,
    long Generation,
    ObservedState State,
    string Name,
    WorkspaceSpec Spec,
    string StorageClass,
    DateTimeOffset FirstSeen,
    DateTimeOffset LastSeen
)
{
    /// <inheritdoc cref="Held.Restarted"/>
    public long Restarted { get; init; }
}
