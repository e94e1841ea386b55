namespace Coder.Mesh.ControlPlane.Deployment;

internal static partial class Log
{
    [LoggerMessage(
        1500,
        LogLevel.Information,
        "First start: deployment {DeploymentId} has its built-in provider and the organization \"default\""
    )]
    public static partial void FirstStart(this ILogger logger, string deploymentId);

    [LoggerMessage(1501, LogLevel.Information, "A new {Kind} token was written to {Path}, readable by its owner only")]
    public static partial void TokenWritten(this ILogger logger, string kind, string path);

    [LoggerMessage(
        1502,
        LogLevel.Information,
        "Serving gRPC at {Grpc}, JSON at {Json}; metrics and health at {Management}"
    )]
    public static partial void Serving(this ILogger logger, string grpc, string json, string management);
}
