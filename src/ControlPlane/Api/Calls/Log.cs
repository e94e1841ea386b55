namespace Coder.Mesh.ControlPlane.Api.Calls;

internal static partial class Log
{
    [LoggerMessage(1601, LogLevel.Error, "{Method} failed")]
    public static partial void CallFailed(this ILogger logger, Exception exception, string method);
}
