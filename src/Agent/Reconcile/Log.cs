namespace Coder.Mesh.Agent.Reconcile;

internal static partial class Log
{
    [LoggerMessage(3200, LogLevel.Information, "The cluster holds {Count} workspaces of this provider")]
    public static partial void ClusterListed(this ILogger logger, int count);

    [LoggerMessage(
        EventId = 3201,
        Message = "The cluster did not do generation {Generation} of workspace {WorkspaceId}: {Code}: {Reason} (transient: {Transient})"
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
        "Generation {Generation} of workspace {WorkspaceId} took longer than {Limit}; it is tried again"
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
        "A fault in the agent kept it from doing generation {Generation} of workspace {WorkspaceId}; it is tried again"
    )]
    public static partial void DriverFault(
        this ILogger logger,
        Exception exception,
        string workspaceId,
        ulong generation
    );

    [LoggerMessage(3204, LogLevel.Error, "A fault in the agent ended its watch of the cluster; it is started again")]
    public static partial void WatchFault(this ILogger logger, Exception exception);

    [LoggerMessage(
        3205,
        LogLevel.Debug,
        "Generation {Generation} of workspace {WorkspaceId} is older than what is known, and changes nothing"
    )]
    public static partial void OlderDesiredIgnored(this ILogger logger, string workspaceId, ulong generation);

    [LoggerMessage(
        3206,
        LogLevel.Information,
        "The cluster did generation {Generation} of workspace {WorkspaceId} after {Failures} attempts that failed"
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

    [LoggerMessage(3211, LogLevel.Error, "A fault in the agent kept it from looking at the cluster")]
    public static partial void ProbeFault(this ILogger logger, Exception exception);

    [LoggerMessage(3212, LogLevel.Information, "The cluster's namespace {Namespace} has the UID {NamespaceUid}")]
    public static partial void IdentityKnown(this ILogger logger, string @namespace, string namespaceUid);

    [LoggerMessage(
        3213,
        LogLevel.Warning,
        "The cluster is simulated: workspaces are kept in memory only, and nothing runs anywhere"
    )]
    public static partial void ClusterIsSimulated(this ILogger logger);

    [LoggerMessage(
        3214,
        LogLevel.Information,
        "Workspace {WorkspaceId} was changed by somebody else in the cluster; what is desired is applied again"
    )]
    public static partial void Repairing(this ILogger logger, string workspaceId);

    [LoggerMessage(
        3215,
        LogLevel.Warning,
        "Without {Flag} FILE each start of this agent makes another cluster, which the control plane refuses for a provider that is bound to an earlier one"
    )]
    public static partial void SimulatedAnew(this ILogger logger, string flag);
}
