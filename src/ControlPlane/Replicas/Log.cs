namespace Coder.Mesh.ControlPlane.Replicas;

internal static partial class Log
{
    [LoggerMessage(
        1300,
        LogLevel.Warning,
        "Cannot reach the database: {Problem}. Agent streams stay open; no status changes until it is available"
    )]
    public static partial void StoreUnavailable(this ILogger logger, string problem);

    [LoggerMessage(1301, LogLevel.Information, "The database is available again after {Seconds:0.0} s")]
    public static partial void StoreRecovered(this ILogger logger, double seconds);

    [LoggerMessage(1302, LogLevel.Information, "{Count} replicas are active")]
    public static partial void ReplicasChanged(this ILogger logger, int count);

    [LoggerMessage(
        1303,
        LogLevel.Warning,
        "Cannot mark this replica as stopped; other replicas treat it as active until its lease expires: {Problem}"
    )]
    public static partial void LeaseNotReturned(this ILogger logger, string problem);
}
