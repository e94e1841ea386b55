namespace Coder.Mesh.Agent.Kubernetes;

internal static partial class Log
{
    [LoggerMessage(2201, LogLevel.Warning, "The API server warns about {Kind} {Name}: {Warning}")]
    public static partial void ServerWarned(this ILogger logger, string kind, string name, string warning);

    [LoggerMessage(2202, LogLevel.Warning, "Watching {Resource} failed, trying again in {Delay}: {Reason}")]
    public static partial void WatchFailed(this ILogger logger, string resource, TimeSpan delay, string reason);

    [LoggerMessage(2203, LogLevel.Debug, "Watching {Resource} still fails, trying again in {Delay}: {Reason}")]
    public static partial void WatchStillFails(this ILogger logger, string resource, TimeSpan delay, string reason);

    [LoggerMessage(2204, LogLevel.Information, "Watching {Resource} again.")]
    public static partial void WatchBack(this ILogger logger, string resource);

    [LoggerMessage(2205, LogLevel.Information, "Listed {Count} {Resource} at {ResourceVersion}.")]
    public static partial void Listed(this ILogger logger, string resource, int count, string resourceVersion);

    [LoggerMessage(
        2206,
        LogLevel.Information,
        "Workspace {WorkspaceId} is at generation {Held} in the cluster; generation {Asked} changes nothing."
    )]
    public static partial void OlderGeneration(this ILogger logger, string workspaceId, ulong held, ulong asked);

    [LoggerMessage(2207, LogLevel.Debug, "{Name} changed since it was read: reading again.")]
    public static partial void DecidingAgain(this ILogger logger, string name);

    [LoggerMessage(2208, LogLevel.Warning, "{Kind} {Name} isn't this provider's: left alone.")]
    public static partial void ForeignLeftAlone(this ILogger logger, string kind, string name);

    [LoggerMessage(
        2209,
        LogLevel.Debug,
        "The API server no longer keeps the changes of {Resource} that were followed: listing them again"
    )]
    public static partial void WatchExpired(this ILogger logger, string resource);
}
