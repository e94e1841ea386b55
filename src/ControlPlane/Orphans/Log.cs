namespace Coder.Mesh.ControlPlane.Orphans;

internal static partial class Log
{
    [LoggerMessage(
        1700,
        LogLevel.Warning,
        "The cluster of provider {Provider} ({ProviderId}) has {Count} workspaces that are not in the database; they are left running"
    )]
    public static partial void OrphansFound(this ILogger logger, string provider, string providerId, int count);

    [LoggerMessage(
        1701,
        LogLevel.Warning,
        "The cluster of provider {Provider} ({ProviderId}) has {Count} workspaces of other providers, such as {WorkspaceId}; they are left running"
    )]
    public static partial void ForeignHeld(
        this ILogger logger,
        string provider,
        string providerId,
        int count,
        string workspaceId
    );
}
