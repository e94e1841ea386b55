using Coder.Mesh.Protocol.Network;

namespace Coder.Mesh.Agent.Connection;

internal static partial class Log
{
    [LoggerMessage(3100, LogLevel.Information, "Starting mesh-agent {Version}; cluster: {Cluster}")]
    public static partial void Starting(this ILogger logger, string version, string cluster);

    [LoggerMessage(3101, LogLevel.Debug, "Dialing {AccessUrl}")]
    public static partial void Dialing(this ILogger logger, Uri accessUrl);

    [LoggerMessage(
        3102,
        LogLevel.Information,
        "Attached to {AccessUrl} as provider {ProviderName} ({ProviderId}), epoch {Epoch}"
    )]
    public static partial void Attached(
        this ILogger logger,
        string providerName,
        string providerId,
        ulong epoch,
        Uri accessUrl
    );

    [LoggerMessage(
        3103,
        LogLevel.Error,
        "The control plane rejected this agent: {Reason}: {Detail} Next attempt in {DelaySeconds:0.0} s"
    )]
    public static partial void Refused(this ILogger logger, string reason, string detail, double delaySeconds);

    [LoggerMessage(
        3104,
        LogLevel.Warning,
        "Cannot connect: {Reason}: {Detail} Consecutive failures: {Failures}; next attempt in {DelaySeconds:0.0} s"
    )]
    public static partial void NotConnected(
        this ILogger logger,
        string reason,
        string detail,
        int failures,
        double delaySeconds
    );

    [LoggerMessage(
        3105,
        LogLevel.Information,
        "The session ended: {Reason}: {Detail} Next attempt in {DelaySeconds:0.0} s"
    )]
    public static partial void Disconnected(this ILogger logger, string reason, string detail, double delaySeconds);

    [LoggerMessage(3106, LogLevel.Information, "Starting a new session: {Detail}")]
    public static partial void Renewing(this ILogger logger, string detail);

    [LoggerMessage(3107, LogLevel.Error, "Unexpected error in the connection to the control plane; retrying")]
    public static partial void DialFault(this ILogger logger, Exception exception);

    [LoggerMessage(3108, LogLevel.Debug, "Sent a snapshot of {Count} workspaces in {Parts} frames")]
    public static partial void SnapshotSent(this ILogger logger, int count, int parts);

    [LoggerMessage(
        3109,
        LogLevel.Error,
        "This namespace holds {Count} workspaces, the control plane takes {Limit}; it may end the session"
    )]
    public static partial void SnapshotTooLarge(this ILogger logger, int count, uint limit);

    [LoggerMessage(
        3110,
        LogLevel.Debug,
        "Ignored a {Frame} frame that arrived before the agent had read the cluster; it will be sent again"
    )]
    public static partial void FrameIgnored(this ILogger logger, string frame);

    [LoggerMessage(3111, LogLevel.Information, "Closed the session with the control plane: {Reason}")]
    public static partial void SaidGoodbye(this ILogger logger, string reason);

    [LoggerMessage(
        3119,
        LogLevel.Information,
        "Cannot attach to another replica before this one stops: {Problem} Consecutive failures: {Failures}"
    )]
    public static partial void SuccessorDialFailed(this ILogger logger, string problem, int failures);

    [LoggerMessage(3120, LogLevel.Information, "Serving health checks at {Address}: {Paths}")]
    public static partial void HealthServed(this ILogger logger, string address, string paths);

    [LoggerMessage(3121, LogLevel.Information, "Connecting to {AccessUrl} through the proxy {Proxy}")]
    public static partial void ThroughProxy(this ILogger logger, Uri accessUrl, ProxyRoute proxy);
}
