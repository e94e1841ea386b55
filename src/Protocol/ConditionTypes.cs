namespace Coder.Mesh.Protocol;

/// <summary>Types of conditions: those of a readiness report, and those that the control plane adds.</summary>
public static class ConditionTypes
{
    /// <summary>The Kubernetes API answers.</summary>
    public const string ClusterReachable = nameof(ClusterReachable);

    /// <summary>The provider's namespace exists and is not being deleted.</summary>
    public const string NamespaceReady = nameof(NamespaceReady);

    /// <summary>The agent has all the permissions that it needs.</summary>
    public const string PermissionsSufficient = nameof(PermissionsSufficient);

    /// <summary>The storage class of new volumes exists.</summary>
    public const string StorageReady = nameof(StorageReady);

    /// <summary>The clocks of the agent and the control plane differ by at most 30 s.</summary>
    public const string ClockSynced = nameof(ClockSynced);

    /// <summary>The agent's credential for the cluster does not expire soon.</summary>
    public const string CredentialExpiry = nameof(CredentialExpiry);

    /// <summary>
    /// The cluster has workspaces that are not in the database. The control plane adds it when a provider is shown. It
    /// is the only condition that is a problem while it is true.
    /// </summary>
    public const string OrphansPresent = nameof(OrphansPresent);

    /// <summary>
    /// The agent dials the access URL of the deployment. The control plane adds it when a provider is shown, if the
    /// deployment has an access URL.
    /// </summary>
    public const string AccessUrlCurrent = nameof(AccessUrlCurrent);

    /// <summary>
    /// No home disk was recently replaced by a new, empty one. The control plane adds it when a provider is shown.
    /// </summary>
    public const string VolumesKept = nameof(VolumesKept);

    /// <summary>The conditions that must be true for a provider to be Ready, the most informative first.</summary>
    public static IReadOnlyList<string> Required { get; } = [ClusterReachable, NamespaceReady, PermissionsSufficient];

    /// <summary>The conditions that inform only and never change the status of a provider.</summary>
    public static IReadOnlyList<string> Advisory { get; } =
    [StorageReady, ClockSynced, CredentialExpiry, OrphansPresent, AccessUrlCurrent, VolumesKept];
}
