namespace Coder.Mesh.ControlPlane.Agents;

internal static partial class Log
{
    [LoggerMessage(
        1100,
        LogLevel.Information,
        "Agent of provider {Provider} ({ProviderId}) attached, epoch {Epoch}, version {Version}"
    )]
    public static partial void AgentAttached(
        this ILogger logger,
        string provider,
        string providerId,
        long epoch,
        string version
    );

    [LoggerMessage(
        1101,
        LogLevel.Information,
        "Agent of provider {Provider} ({ProviderId}) detached, epoch {Epoch}: {End}"
    )]
    public static partial void AgentDetached(
        this ILogger logger,
        string provider,
        string providerId,
        long epoch,
        SessionEnd end
    );

    [LoggerMessage(
        1103,
        LogLevel.Warning,
        "Agent of provider {Provider} ({ProviderId}) violated the protocol: {Problem}"
    )]
    public static partial void ProtocolBroken(this ILogger logger, string provider, string providerId, string problem);

    [LoggerMessage(
        1104,
        LogLevel.Warning,
        "Cannot synchronize workspaces with the agent of provider {Provider} ({ProviderId}); retrying: {Problem}"
    )]
    public static partial void DesiredNotRead(this ILogger logger, string provider, string providerId, string problem);

    [LoggerMessage(
        1105,
        LogLevel.Warning,
        "Cannot store reports of provider {Provider} ({ProviderId}); they are kept for the next attempt: {Problem}"
    )]
    public static partial void ObservationsNotStored(
        this ILogger logger,
        string provider,
        string providerId,
        string problem
    );

    [LoggerMessage(1106, LogLevel.Error, "Session of provider {Provider} ({ProviderId}) failed")]
    public static partial void SessionFailed(
        this ILogger logger,
        Exception exception,
        string provider,
        string providerId
    );

    [LoggerMessage(
        1107,
        LogLevel.Warning,
        "The database has been unavailable for {Minutes:0.0} minutes; closing all sessions"
    )]
    public static partial void SessionsClosed(this ILogger logger, double minutes);

    [LoggerMessage(
        1108,
        LogLevel.Information,
        "Lost the stream of the agent of provider {Provider} ({ProviderId}): {Problem}"
    )]
    public static partial void ConnectionLost(this ILogger logger, string provider, string providerId, string problem);

    [LoggerMessage(1109, LogLevel.Warning, "Cannot check {Count} sessions against the database: {Problem}")]
    public static partial void SessionsNotChecked(this ILogger logger, int count, string problem);

    [LoggerMessage(
        1110,
        LogLevel.Information,
        "Stopping: asked {Sessions} agents to reconnect to {Others} other replicas within {Seconds:0.0} s"
    )]
    public static partial void HandingOver(this ILogger logger, int sessions, int others, double seconds);

    [LoggerMessage(
        1111,
        LogLevel.Information,
        "Shutdown hand-over: {Moved} sessions closed, {Left} still open after {Seconds:0.0} s"
    )]
    public static partial void HandedOver(this ILogger logger, int moved, int left, double seconds);

    [LoggerMessage(
        1112,
        LogLevel.Information,
        "Too many concurrent changes of workspace {WorkspaceId} of provider {Provider} ({ProviderId}); its report will be stored later"
    )]
    public static partial void ObservationContended(
        this ILogger logger,
        string provider,
        string providerId,
        string workspaceId
    );

    [LoggerMessage(
        1113,
        LogLevel.Error,
        "Failed to store a report of workspace {WorkspaceId} of provider {Provider} ({ProviderId}); retrying"
    )]
    public static partial void ObservationFailed(
        this ILogger logger,
        Exception exception,
        string provider,
        string providerId,
        string workspaceId
    );
}
