namespace Coder.Mesh.ControlPlane.Observability;

internal static partial class Log
{
    [LoggerMessage(1601, LogLevel.Error, "{Method} failed")]
    public static partial void CallFailed(this ILogger logger, Exception exception, string method);
}
