namespace Coder.Mesh.Agent.Reconcile;

internal static partial class Log
{
    [LoggerMessage(3200, LogLevel.Information, "The cluster has {Count} workspaces of this provider")]
    public static partial void ClusterListed(this ILogger logger, int count);

    [LoggerMessage(
        EventId = 3201,
        Message = "Failed to reconcile generation {Generation} of workspace {WorkspaceId}: {Code}: {Reason} (transient: {Transient})"
    )]
    public static partial void ClusterRefused(
        this ILogger logger,
        LogLevel level,
        string workspaceId,
        ulong generation,
        string code,
        string reason,
        bool transient
    );

    [LoggerMessage(
        3202,
        LogLevel.Warning,
        "Reconciling generation {Generation} of workspace {WorkspaceId} took longer than {Limit}; retrying"
    )]
    public static partial void ClusterTooSlow(
        this ILogger logger,
        string workspaceId,
        ulong generation,
        TimeSpan limit
    );

    [LoggerMessage(
        3203,
        LogLevel.Error,
        "Unexpected error while reconciling generation {Generation} of workspace {WorkspaceId}; retrying"
    )]
    public static partial void DriverFault(
        this ILogger logger,
        Exception exception,
        string workspaceId,
        ulong generation
    );

    [LoggerMessage(3204, LogLevel.Error, "Unexpected error while watching the cluster; restarting the watch")]
    public static partial void WatchFault(this ILogger logger, Exception exception);

    [LoggerMessage(
        3205,
        LogLevel.Debug,
        "Ignored generation {Generation} of workspace {WorkspaceId}: a newer one is known"
    )]
    public static partial void OlderDesiredIgnored(this ILogger logger, string workspaceId, ulong generation);

    [LoggerMessage(
        3206,
        LogLevel.Information,
        "Reconciled generation {Generation} of workspace {WorkspaceId} after {Failures} failed attempts"
    )]
    public static partial void ClusterSucceeded(
        this ILogger logger,
        string workspaceId,
        ulong generation,
        int failures
    );

    [LoggerMessage(3210, LogLevel.Information, "Condition {Type} is {Status}{Why}")]
    public static partial void ConditionChanged(
        this ILogger logger,
        string type,
        Coder.Mesh.V1.ConditionStatus status,
        string why
    );

    [LoggerMessage(3211, LogLevel.Error, "Unexpected error while checking the readiness of the cluster")]
    public static partial void ProbeFault(this ILogger logger, Exception exception);

    [LoggerMessage(3212, LogLevel.Information, "The cluster's namespace {Namespace} has the UID {NamespaceUid}")]
    public static partial void IdentityKnown(this ILogger logger, string @namespace, string namespaceUid);

    [LoggerMessage(
        3213,
        LogLevel.Warning,
        "The cluster is simulated: workspaces exist only in memory, and nothing runs"
    )]
    public static partial void ClusterIsSimulated(this ILogger logger);

    [LoggerMessage(
        3214,
        LogLevel.Information,
        "Workspace {WorkspaceId} was modified in the cluster by another client; applying the desired state again"
    )]
    public static partial void Repairing(this ILogger logger, string workspaceId);

    [LoggerMessage(
        3215,
        LogLevel.Warning,
        "Without {Flag} FILE, each start of this agent simulates a new cluster, and the control plane rejects a second cluster for the same provider"
    )]
    public static partial void SimulatedAnew(this ILogger logger, string flag);
}
