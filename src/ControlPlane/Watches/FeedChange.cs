using Coder.Mesh.ControlPlane.Deployment;
using Coder.Mesh.ControlPlane.Organizations;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Workspaces;
using Google.Protobuf;

namespace Coder.Mesh.ControlPlane.Watches;

/// <summary>
/// One new version of a resource, at the position of the feed that reports it. All watches share it: nothing in it is
/// changed. Several changes have the same position where a change of one resource changes what others show.
/// </summary>
internal abstract record FeedChange(FeedPosition Position, IMessage Message)
{
    /// <summary>Size of the resource as the API shows it, in bytes.</summary>
    public int Size { get; } = Message.CalculateSize();
}

/// <param name="Before">Null if it is new.</param>
/// <param name="Shown"><paramref name="After"/> as the API shows it.</param>
internal sealed record WorkspaceChange(
    FeedPosition Position,
    Workspace? Before,
    Workspace After,
    Coder.Mesh.V1.Workspace Shown
) : FeedChange(Position, Shown);

/// <inheritdoc cref="WorkspaceChange"/>
internal sealed record ProviderChange(
    FeedPosition Position,
    ProviderVersion? Before,
    ProviderVersion After,
    Coder.Mesh.V1.Provider Shown
) : FeedChange(Position, Shown);

/// <inheritdoc cref="WorkspaceChange"/>
internal sealed record OrganizationChange(
    FeedPosition Position,
    Organization? Before,
    Organization After,
    Coder.Mesh.V1.Organization Shown
) : FeedChange(Position, Shown);

/// <inheritdoc cref="WorkspaceChange"/>
internal sealed record DeploymentChange(
    FeedPosition Position,
    MeshDeployment? Before,
    MeshDeployment After,
    Coder.Mesh.V1.Deployment Shown
) : FeedChange(Position, Shown);

/// <summary>Both streams that make up a provider.</summary>
internal sealed record ProviderVersion(Provider Provider, ProviderPresence Presence);
