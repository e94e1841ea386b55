using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Workspaces;

namespace Coder.Mesh.ControlPlane.Watches;

/// <summary>One new version of a resource, where the feed tells it. All watches share it: nothing in it is changed.</summary>
internal abstract record FeedChange(FeedPosition Position)
{
    /// <summary>Of the resource as the API shows it, in bytes.</summary>
    public abstract int Size { get; }
}

/// <param name="Before">Null if it is new.</param>
/// <param name="Shown"><paramref name="After"/> as the API shows it.</param>
internal sealed record WorkspaceChange(
    FeedPosition Position,
    Workspace? Before,
    Workspace After,
    Coder.Mesh.V1.Workspace Shown
) : FeedChange(Position)
{
    public override int Size { get; } = Shown.CalculateSize();
}

/// <inheritdoc cref="WorkspaceChange"/>
internal sealed record ProviderChange(
    FeedPosition Position,
    ProviderVersion? Before,
    ProviderVersion After,
    Coder.Mesh.V1.Provider Shown
) : FeedChange(Position)
{
    public override int Size { get; } = Shown.CalculateSize();
}

/// <summary>Both streams that make up a provider.</summary>
internal sealed record ProviderVersion(Provider Provider, ProviderPresence Presence);
