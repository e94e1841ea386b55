using Coder.Mesh.ControlPlane.Storage;

namespace Coder.Mesh.ControlPlane.Providers;

public enum ProviderKind
{
    BuiltIn,
    Remote,
}

/// <summary>Settings of a provider.</summary>
/// <param name="MaxWorkspaces">Number of unfinished workspaces at which no more are placed; 0 for no maximum.</param>
public sealed record ProviderDetails(
    string ClusterAddress = "",
    string Hostname = "",
    string Region = "",
    string StorageClass = "",
    int MaxWorkspaces = 0
)
{
    /// <summary>
    /// Settings for the objects of its workspaces. They take effect at the next start of each workspace.
    /// </summary>
    public WorkspaceDetails Workspaces { get; init; } = WorkspaceDetails.None;

    /// <summary>Compares by content, unlike the equality of records for lists and maps.</summary>
    public bool SameAs(ProviderDetails other) =>
        this with { Workspaces = WorkspaceDetails.None } == other with { Workspaces = WorkspaceDetails.None }
        && Workspaces.SameAs(other.Workspaces);
}

public abstract record ProviderEvent;

[EventName("provider.registered.v1")]
public sealed record ProviderRegistered(
    string ProviderId,
    string Name,
    ProviderKind Kind,
    ProviderDetails Details,
    DateTimeOffset At
) : ProviderEvent;

[EventName("provider.renamed.v1")]
public sealed record ProviderRenamed(string Name) : ProviderEvent;

[EventName("provider.details_changed.v1")]
public sealed record ProviderDetailsChanged(ProviderDetails Details) : ProviderEvent;

[EventName("provider.cordoned.v1")]
public sealed record ProviderCordoned(string Reason, string User, DateTimeOffset At) : ProviderEvent;

[EventName("provider.uncordoned.v1")]
public sealed record ProviderUncordoned : ProviderEvent;

/// <param name="Hash">SHA-256 of the token, in hexadecimal.</param>
[EventName("provider.token_issued.v1")]
public sealed record ProviderTokenIssued(string TokenId, string Hash, DateTimeOffset At) : ProviderEvent;

[EventName("provider.token_revoked.v1")]
public sealed record ProviderTokenRevoked(string TokenId) : ProviderEvent;

[EventName("provider.deleted.v1")]
public sealed record ProviderDeleted(DateTimeOffset At) : ProviderEvent;

/// <summary>The provider was removed although it held workspaces, because its cluster is gone.</summary>
/// <param name="LostWorkspaces">Number of workspaces that ended as Lost.</param>
[EventName("provider.forgotten.v1")]
public sealed record ProviderForgotten(string Reason, int LostWorkspaces, DateTimeOffset At) : ProviderEvent;
