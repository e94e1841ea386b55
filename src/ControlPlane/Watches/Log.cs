namespace Coder.Mesh.ControlPlane.Watches;

internal static partial class Log
{
    [LoggerMessage(1800, LogLevel.Debug, "Cannot read the change feed: {Problem}")]
    public static partial void FeedNotRead(this ILogger logger, string problem);

    [LoggerMessage(
        1801,
        LogLevel.Debug,
        "Cannot listen for changes of other replicas; they are found by polling: {Problem}"
    )]
    public static partial void NotListening(this ILogger logger, string problem);

    [LoggerMessage(
        1802,
        LogLevel.Debug,
        "Cannot notify other replicas of a change; they find it by polling: {Problem}"
    )]
    public static partial void NotNotified(this ILogger logger, string problem);

    [LoggerMessage(
        1803,
        LogLevel.Warning,
        "The database was replaced or restored from a copy; closing all sessions so that agents attach again"
    )]
    public static partial void OtherDatabase(this ILogger logger);

    [LoggerMessage(
        1804,
        LogLevel.Warning,
        "The change feed was trimmed before this replica had read it, because the replica was disconnected for too long; watchers will re-list"
    )]
    public static partial void FeedMissed(this ILogger logger);

    [LoggerMessage(1805, LogLevel.Error, "Failed to deliver changes to watchers; they will re-list")]
    public static partial void NotTold(this ILogger logger, Exception exception);

    [LoggerMessage(
        1806,
        LogLevel.Warning,
        "Failed to deliver earlier changes to a watcher; it will re-list: {Problem}"
    )]
    public static partial void PastNotTold(this ILogger logger, string problem);
}
