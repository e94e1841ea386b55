namespace Coder.Mesh.ControlPlane.Hosting;

internal static partial class Log
{
    [LoggerMessage(
        1200,
        LogLevel.Information,
        "Removed {Count} expired rows of the change feed, request ids, access log and replicas"
    )]
    public static partial void FeedTrimmed(this ILogger logger, int count);

    [LoggerMessage(
        1500,
        LogLevel.Information,
        "First start: created deployment {DeploymentId} with its built-in provider and the organization \"default\""
    )]
    public static partial void FirstStart(this ILogger logger, string deploymentId);

    [LoggerMessage(1501, LogLevel.Information, "Wrote a new {Kind} token to {Path}, readable by its owner only")]
    public static partial void TokenWritten(this ILogger logger, string kind, string path);

    [LoggerMessage(
        1502,
        LogLevel.Information,
        "Serving gRPC at {Grpc}, JSON at {Json}; metrics and health at {Management}"
    )]
    public static partial void Serving(this ILogger logger, string grpc, string json, string management);

    [LoggerMessage(
        1503,
        LogLevel.Warning,
        "No tokens were created at the first start, because their files cannot be written to the data folder {Folder}: {Problem}"
    )]
    public static partial void TokensNotWritten(this ILogger logger, string folder, string problem);

    [LoggerMessage(
        1504,
        LogLevel.Warning,
        "No new {Kind} token was created, because it cannot be written to {Path}: {Problem}"
    )]
    public static partial void TokenNotWritten(this ILogger logger, string kind, string path, string problem);

    [LoggerMessage(
        1505,
        LogLevel.Warning,
        "There is no admin token. To create and print one, run `mesh-control-plane admin-token` with the same ConnectionStrings__Mesh"
    )]
    public static partial void NoAdminToken(this ILogger logger);

    [LoggerMessage(
        1506,
        LogLevel.Warning,
        "The built-in provider has no token, so no agent can attach to it. To create one, run `mesh providers rotate-token {Provider} --token-out FILE` as an admin"
    )]
    public static partial void NoAgentToken(this ILogger logger, string provider);
}
