namespace Coder.Mesh.EmbeddedPostgres;

internal static partial class Log
{
    [LoggerMessage(1900, LogLevel.Information, "Creating the database in {Folder}")]
    public static partial void CreatingDatabase(this ILogger logger, string folder);

    [LoggerMessage(
        1901,
        LogLevel.Information,
        "PostgreSQL {Version} is ready after {Elapsed:F0} ms, process {ProcessId}, data in {Folder}"
    )]
    public static partial void ServerReady(
        this ILogger logger,
        int version,
        double elapsed,
        int processId,
        string folder
    );

    [LoggerMessage(
        1902,
        LogLevel.Information,
        "PostgreSQL has been starting for {Elapsed:F0} s; after a crash it recovers its data first"
    )]
    public static partial void StillStarting(this ILogger logger, double elapsed);

    [LoggerMessage(
        1903,
        LogLevel.Warning,
        "Stopping PostgreSQL process {ProcessId}, left running by a control plane that was killed"
    )]
    public static partial void StoppingLeftover(this ILogger logger, int processId);

    [LoggerMessage(
        1904,
        LogLevel.Warning,
        "PostgreSQL process {ProcessId} exited unexpectedly with code {ExitCode}; restarting it"
    )]
    public static partial void ServerDied(this ILogger logger, int processId, int exitCode);

    [LoggerMessage(1905, LogLevel.Error, "Failed to restart PostgreSQL, attempt {Attempt}: {Reason}")]
    public static partial void RestartFailed(this ILogger logger, int attempt, string reason);

    [LoggerMessage(
        1906,
        LogLevel.Warning,
        "PostgreSQL process {ProcessId} did not stop within {Seconds:F0} s; forcing it to stop"
    )]
    public static partial void StopTookTooLong(this ILogger logger, int processId, double seconds);

    [LoggerMessage(1907, LogLevel.Information, "PostgreSQL stopped in {Elapsed:F0} ms")]
    public static partial void ServerStopped(this ILogger logger, double elapsed);

    [LoggerMessage(1908, LogLevel.Warning, "Killing {Count} processes left behind by a PostgreSQL server that crashed")]
    public static partial void EndingOrphans(this ILogger logger, int count);
}
