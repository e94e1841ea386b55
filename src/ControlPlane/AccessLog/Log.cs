namespace Coder.Mesh.ControlPlane.AccessLog;

internal static partial class Log
{
    [LoggerMessage(
        2000,
        LogLevel.Warning,
        "Cannot store the access log; its counts are kept for the next attempt: {Problem}"
    )]
    public static partial void NotStored(this ILogger logger, string problem);

    [LoggerMessage(2001, LogLevel.Warning, "Refused {Subject} from {Address}: {Reason}: {Message}")]
    public static partial void Refused(
        this ILogger logger,
        string subject,
        string address,
        string reason,
        string message
    );

    [LoggerMessage(
        2002,
        LogLevel.Warning,
        "Refused {Count} more requests from {Address} since the last such line ({Subjects}): {Reason}: latest: {Message}"
    )]
    public static partial void RefusedMore(
        this ILogger logger,
        long count,
        string address,
        string subjects,
        string reason,
        string message
    );
}
