using Coder.Mesh.ControlPlane.Workspaces;

namespace Coder.Mesh.ControlPlane.Orphans;

/// <summary>A workspace that exists in a provider's cluster but not in the database, as last reported.</summary>
/// <param name="Generation">Highest generation of its objects.</param>
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
