namespace Coder.Mesh.ControlPlane.Observability;

internal static partial class Log
{
    [LoggerMessage(1600, LogLevel.Warning, "{Method} found the store away: {Problem}")]
    public static partial void StoreAwayForCall(this ILogger logger, string method, string problem);

    [LoggerMessage(1601, LogLevel.Error, "{Method} failed")]
    public static partial void CallFailed(this ILogger logger, Exception exception, string method);
}
