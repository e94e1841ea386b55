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

    [LoggerMessage(1103, LogLevel.Warning, "Agent of provider {Provider} ({ProviderId}) broke the protocol: {Problem}")]
    public static partial void ProtocolBroken(this ILogger logger, string provider, string providerId, string problem);

    [LoggerMessage(
        1104,
        LogLevel.Warning,
        "Desired states of provider {Provider} ({ProviderId}) can't be read now: {Problem}"
    )]
    public static partial void DesiredNotRead(this ILogger logger, string provider, string providerId, string problem);

    [LoggerMessage(
        1105,
        LogLevel.Warning,
        "Reports of provider {Provider} ({ProviderId}) can't be stored now: {Problem}"
    )]
    public static partial void ObservationsNotStored(
        this ILogger logger,
        string provider,
        string providerId,
        string problem
    );

    [LoggerMessage(1106, LogLevel.Error, "The session of provider {Provider} ({ProviderId}) failed")]
    public static partial void SessionFailed(
        this ILogger logger,
        Exception exception,
        string provider,
        string providerId
    );

    [LoggerMessage(
        1107,
        LogLevel.Warning,
        "The store has been away for {Minutes:0.0} minutes: all sessions are closed"
    )]
    public static partial void SessionsClosed(this ILogger logger, double minutes);

    [LoggerMessage(
        1108,
        LogLevel.Information,
        "The stream of the agent of provider {Provider} ({ProviderId}) broke: {Problem}"
    )]
    public static partial void ConnectionLost(this ILogger logger, string provider, string providerId, string problem);

    [LoggerMessage(1109, LogLevel.Warning, "{Count} sessions can't be checked against the store now: {Problem}")]
    public static partial void SessionsNotChecked(this ILogger logger, int count, string problem);

    [LoggerMessage(
        1110,
        LogLevel.Information,
        "Stopping: {Sessions} agents are asked to move to {Others} other replicas within {Seconds:0.0} s"
    )]
    public static partial void HandingOver(this ILogger logger, int sessions, int others, double seconds);

    [LoggerMessage(1111, LogLevel.Information, "{Moved} agents have moved, {Left} have not, after {Seconds:0.0} s")]
    public static partial void HandedOver(this ILogger logger, int moved, int left, double seconds);

    [LoggerMessage(
        1112,
        LogLevel.Information,
        "Workspace {WorkspaceId} of provider {Provider} ({ProviderId}) is changed all the time; its report will be stored later"
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
        "A report of workspace {WorkspaceId} of provider {Provider} ({ProviderId}) can't be stored and will be tried again"
    )]
    public static partial void ObservationFailed(
        this ILogger logger,
        Exception exception,
        string provider,
        string providerId,
        string workspaceId
    );
}
