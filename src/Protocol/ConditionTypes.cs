namespace Coder.Mesh.Protocol;

/// <summary>The conditions of a readiness report, and those that are shown beside them.</summary>
public static class ConditionTypes
{
    /// <summary>The Kubernetes API answers.</summary>
    public const string ClusterReachable = nameof(ClusterReachable);

    /// <summary>The provider's namespace exists and isn't being deleted.</summary>
    public const string NamespaceReady = nameof(NamespaceReady);

    /// <summary>The agent may do everything that its work needs.</summary>
    public const string PermissionsSufficient = nameof(PermissionsSufficient);

    /// <summary>The storage class that new volumes would be of exists.</summary>
    public const string StorageReady = nameof(StorageReady);

    /// <summary>The agent's clock and the control plane's tell the same time, within 30 s.</summary>
    public const string ClockSynced = nameof(ClockSynced);

    /// <summary>The agent's credential for the cluster is good for some time to come.</summary>
    public const string CredentialExpiry = nameof(CredentialExpiry);

    /// <summary>
    /// The cluster holds workspaces that the control plane doesn't know. No agent reports it: the control plane adds it
    /// when a provider is shown. The only one whose being true needs somebody's attention.
    /// </summary>
    public const string OrphansPresent = nameof(OrphansPresent);

    /// <summary>
    /// The agent dials the deployment's access URL. The control plane adds it when a provider is shown, where it has an
    /// access URL.
    /// </summary>
    public const string AccessUrlCurrent = nameof(AccessUrlCurrent);

    /// <summary>
    /// No workspace has lately got a new home disk in place of the one it had. The control plane adds it when a
    /// provider is shown.
    /// </summary>
    public const string VolumesKept = nameof(VolumesKept);

    /// <summary>The conditions that must be true for a provider to be Ready, the most telling first.</summary>
    public static IReadOnlyList<string> Required { get; } = [ClusterReachable, NamespaceReady, PermissionsSufficient];

    /// <summary>The conditions that tell, and never change a provider's status.</summary>
    public static IReadOnlyList<string> Advisory { get; } =
    [StorageReady, ClockSynced, CredentialExpiry, OrphansPresent, AccessUrlCurrent, VolumesKept];
}
