namespace Coder.Mesh.Agent.Kubernetes;

internal static partial class Log
{
    [LoggerMessage(2201, LogLevel.Warning, "API server warning for {Kind} {Name}: {Warning}")]
    public static partial void ServerWarned(this ILogger logger, string kind, string name, string warning);

    [LoggerMessage(2202, LogLevel.Warning, "The watch on {Resource} failed; retrying in {Delay}: {Reason}")]
    public static partial void WatchFailed(this ILogger logger, string resource, TimeSpan delay, string reason);

    [LoggerMessage(2203, LogLevel.Debug, "The watch on {Resource} still fails; retrying in {Delay}: {Reason}")]
    public static partial void WatchStillFails(this ILogger logger, string resource, TimeSpan delay, string reason);

    [LoggerMessage(2204, LogLevel.Information, "The watch on {Resource} recovered")]
    public static partial void WatchBack(this ILogger logger, string resource);

    [LoggerMessage(2205, LogLevel.Information, "Listed {Count} {Resource} at resource version {ResourceVersion}")]
    public static partial void Listed(this ILogger logger, string resource, int count, string resourceVersion);

    [LoggerMessage(
        2206,
        LogLevel.Information,
        "Ignored generation {Asked} of workspace {WorkspaceId}: the cluster already has generation {Held}"
    )]
    public static partial void OlderGeneration(this ILogger logger, string workspaceId, ulong held, ulong asked);

    [LoggerMessage(2207, LogLevel.Debug, "{Name} was modified since it was read; reading it again")]
    public static partial void DecidingAgain(this ILogger logger, string name);

    [LoggerMessage(2208, LogLevel.Warning, "{Kind} {Name} does not belong to this provider; left unchanged")]
    public static partial void ForeignLeftAlone(this ILogger logger, string kind, string name);

    [LoggerMessage(
        2209,
        LogLevel.Debug,
        "The API server no longer has the changes of {Resource} since the last one seen; listing again"
    )]
    public static partial void WatchExpired(this ILogger logger, string resource);
}
