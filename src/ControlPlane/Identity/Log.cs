namespace Coder.Mesh.ControlPlane.Identity;

internal static partial class Log
{
    [LoggerMessage(2300, LogLevel.Information, "API token {TokenId} of user {User} was revoked by {Actor}")]
    public static partial void TokenRevoked(this ILogger logger, string tokenId, string user, string actor);

    [LoggerMessage(2301, LogLevel.Information, "{Count} calls that were made with a revoked token are ended")]
    public static partial void CallsEnded(this ILogger logger, int count);

    [LoggerMessage(
        2302,
        LogLevel.Warning,
        "The tokens of calls that last, {Count} of them, can't be checked while the store is away: {Cause}"
    )]
    public static partial void TokensNotChecked(this ILogger logger, int count, string cause);
}
