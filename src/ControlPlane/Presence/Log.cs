using Coder.Mesh.ControlPlane.Providers;

namespace Coder.Mesh.ControlPlane.Presence;

internal static partial class Log
{
    [LoggerMessage(1400, LogLevel.Information, "Provider {Provider} ({ProviderId}) is {Status} {Code} {Message}")]
    public static partial void StatusChanged(
        this ILogger logger,
        string provider,
        string providerId,
        ProviderStatus status,
        string code,
        string message
    );

    [LoggerMessage(
        1401,
        LogLevel.Warning,
        "Cannot store the presence of provider {Provider} ({ProviderId}): {Problem}"
    )]
    public static partial void PresenceNotStored(
        this ILogger logger,
        string provider,
        string providerId,
        string problem
    );

    [LoggerMessage(1402, LogLevel.Error, "Presence tracking of provider {Provider} ({ProviderId}) failed")]
    public static partial void OwnerFailed(
        this ILogger logger,
        Exception exception,
        string provider,
        string providerId
    );

    [LoggerMessage(
        1403,
        LogLevel.Information,
        "{Count} providers were attached to replicas that are no longer active; those that do not attach again within {Seconds:0} s are set to Error"
    )]
    public static partial void SweepBegins(this ILogger logger, int count, double seconds);

    [LoggerMessage(
        1404,
        LogLevel.Warning,
        "Failed to check for providers attached to inactive replicas; retrying: {Problem}"
    )]
    public static partial void SweepFailed(this ILogger logger, string problem);
}
