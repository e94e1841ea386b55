namespace Coder.Mesh.ControlPlane.Watches;

internal static partial class Log
{
    [LoggerMessage(1800, LogLevel.Debug, "The feed can't be read now: {Problem}")]
    public static partial void FeedNotRead(this ILogger logger, string problem);

    [LoggerMessage(1801, LogLevel.Debug, "Other replicas' changes aren't heard at once now: {Problem}")]
    public static partial void NotListening(this ILogger logger, string problem);

    [LoggerMessage(1802, LogLevel.Debug, "Other replicas were not told at once of a change: {Problem}")]
    public static partial void NotNotified(this ILogger logger, string problem);

    [LoggerMessage(
        1803,
        LogLevel.Warning,
        "The database is another one, or another copy of it. All sessions are closed, to begin anew"
    )]
    public static partial void OtherDatabase(this ILogger logger);

    [LoggerMessage(
        1804,
        LogLevel.Warning,
        "The feed was trimmed before this replica had read it: it was cut off for too long. Watches list again"
    )]
    public static partial void FeedMissed(this ILogger logger);

    [LoggerMessage(1805, LogLevel.Error, "Changes can't be told to watches, which list again")]
    public static partial void NotTold(this ILogger logger, Exception exception);

    [LoggerMessage(1806, LogLevel.Warning, "A watch can't be told its past, and lists again: {Problem}")]
    public static partial void PastNotTold(this ILogger logger, string problem);
}
