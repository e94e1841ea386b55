namespace Coder.Mesh.Agent.Clusters;

/// <summary>
/// Codes that the agent reports for conditions, workspaces and failed calls. docs/status-codes.md lists the remedies.
/// </summary>
internal static class ClusterCodes
{
    public const string AgentFault = "agent_fault";
    public const string ClockSkewed = "clock_skewed";
    public const string ClusterNotProbed = "cluster_not_probed";
    public const string ClusterOverloaded = "cluster_overloaded";
    public const string ClusterRefused = "cluster_refused";
    public const string ClusterTimeout = "cluster_timeout";
    public const string ClusterUnavailable = "cluster_unavailable";
    public const string ClusterUnreachable = "cluster_unreachable";
    public const string Conflict = "conflict";
    public const string ContainerFailed = "container_failed";
    public const string CrashLoop = "crash_loop";
    public const string CredentialExpired = "credential_expired";
    public const string CredentialExpiring = "credential_expiring";
    public const string CredentialsRejected = "credentials_rejected";
    public const string DiskResizeRefused = "disk_resize_refused";
    public const string Evicted = "evicted";
    public const string FieldConflict = "field_conflict";
    public const string ForeignObject = "foreign_object";
    public const string ImagePullFailed = "image_pull_failed";
    public const string InvalidObject = "invalid_object";
    public const string LimitExceeded = "limit_exceeded";
    public const string NamespaceMissing = "namespace_missing";
    public const string NamespaceTerminating = "namespace_terminating";
    public const string NodeNotReady = "node_not_ready";
    public const string NotDetermined = "not_determined";
    public const string ObjectDeleting = "object_deleting";
    public const string OomKilled = "oom_killed";
    public const string PermissionsInsufficient = "permissions_insufficient";
    public const string PodRefused = "pod_refused";
    public const string QuotaExceeded = "quota_exceeded";
    public const string StartTimeout = "start_timeout";
    public const string StorageClassMissing = "storage_class_missing";
    public const string Unschedulable = "unschedulable";
    public const string VolumeDeleting = "volume_deleting";
    public const string VolumeFailed = "volume_failed";
    public const string WatchFailing = "watch_failing";
}
