namespace Coder.Mesh.ControlPlane.Storage;

internal static partial class Log
{
    [LoggerMessage(1200, LogLevel.Information, "{Count} old rows of feed, request ids and access log removed")]
    public static partial void FeedTrimmed(this ILogger logger, int count);

    [LoggerMessage(1201, LogLevel.Information, "The store is ready: {Description}")]
    public static partial void StoreReady(this ILogger logger, string description);
}
