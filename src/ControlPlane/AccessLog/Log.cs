namespace Coder.Mesh.ControlPlane.AccessLog;

internal static partial class Log
{
    [LoggerMessage(2000, LogLevel.Warning, "The access log can't be stored now, its counts are kept: {Problem}")]
    public static partial void NotStored(this ILogger logger, string problem);
}
