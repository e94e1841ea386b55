namespace Coder.Mesh.ControlPlane.Replicas;

internal static partial class Log
{
    [LoggerMessage(
        1300,
        LogLevel.Warning,
        "The store can't be reached: {Problem}. Streams stay up; nothing is decided"
    )]
    public static partial void StoreAway(this ILogger logger, string problem);

    [LoggerMessage(1301, LogLevel.Information, "The store is back after {Seconds:0.0} s")]
    public static partial void StoreBack(this ILogger logger, double seconds);

    [LoggerMessage(1302, LogLevel.Information, "{Count} replicas are living")]
    public static partial void ReplicasChanged(this ILogger logger, int count);

    [LoggerMessage(1303, LogLevel.Warning, "The replica's row could not be removed and will expire: {Problem}")]
    public static partial void LeaseNotReturned(this ILogger logger, string problem);
}
