namespace Coder.Mesh.ControlPlane.Providers;

/// <summary>
/// Codes that the control plane itself sets as status or condition. docs/status-codes.md lists the remedies.
/// </summary>
internal static class StatusCodes
{
    public const string AgentUnresponsive = "agent_unresponsive";
    public const string AgentDisconnected = "agent_disconnected";
    public const string TokenRevoked = "token_revoked";
    public const string SnapshotIncomplete = "snapshot_incomplete";
    public const string Flapping = "flapping";
    public const string ReadinessUnknown = "readiness_unknown";
    public const string VersionUnsupported = "version_unsupported";
    public const string NamespaceTaken = "namespace_taken";
    public const string NamespaceChanged = "namespace_changed";
    public const string ClusterMismatch = "cluster_mismatch";
    public const string OrphansPresent = "orphans_present";
    public const string AccessUrlOutdated = "access_url_outdated";
    public const string VolumeCreatedAnew = "volume_created_anew";
    public const string GenerationInvalid = "generation_invalid";

    /// <summary>All codes, for the test of the documentation.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        AgentUnresponsive,
        AgentDisconnected,
        TokenRevoked,
        SnapshotIncomplete,
        Flapping,
        ReadinessUnknown,
        VersionUnsupported,
        NamespaceTaken,
        NamespaceChanged,
        ClusterMismatch,
        OrphansPresent,
        AccessUrlOutdated,
        VolumeCreatedAnew,
        GenerationInvalid,
    ];
}
