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
        "Presence of provider {Provider} ({ProviderId}) can't be stored now: {Problem}"
    )]
    public static partial void PresenceNotStored(
        this ILogger logger,
        string provider,
        string providerId,
        string problem
    );

    [LoggerMessage(1402, LogLevel.Error, "The owner of the presence of provider {Provider} ({ProviderId}) failed")]
    public static partial void OwnerFailed(
        this ILogger logger,
        Exception exception,
        string provider,
        string providerId
    );

    [LoggerMessage(
        1403,
        LogLevel.Information,
        "{Count} providers are Ready but owned by no living replica; they have {Seconds:0} s to come back"
    )]
    public static partial void SweepBegins(this ILogger logger, int count, double seconds);

    [LoggerMessage(1404, LogLevel.Warning, "The sweep failed and will be tried again: {Problem}")]
    public static partial void SweepFailed(this ILogger logger, string problem);
}
