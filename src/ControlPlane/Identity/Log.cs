namespace Coder.Mesh.ControlPlane.Identity;

internal static partial class Log
{
    [LoggerMessage(2300, LogLevel.Information, "{Actor} revoked API token {TokenId} of user {User}")]
    public static partial void TokenRevoked(this ILogger logger, string tokenId, string user, string actor);

    [LoggerMessage(2301, LogLevel.Information, "Ended {Count} calls whose token was revoked")]
    public static partial void CallsEnded(this ILogger logger, int count);

    [LoggerMessage(2302, LogLevel.Warning, "Cannot check the tokens of {Count} open calls: {Cause}")]
    public static partial void TokensNotChecked(this ILogger logger, int count, string cause);
}
