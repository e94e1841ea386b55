using System.ComponentModel;

namespace Coder.Mesh.EmbeddedPostgres;

/// <summary>The embedded PostgreSQL of a control plane: started, supervised and stopped with it.</summary>
public sealed class EmbeddedDatabase : IAsyncDisposable
{
    private static readonly TimeSpan FirstRestartDelay = TimeSpan.FromSeconds(0.25);
    private static readonly TimeSpan MaxRestartDelay = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Stable = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan PruneEvery = TimeSpan.FromMinutes(1);

    private readonly EmbeddedPostgresOptions _options;
    private readonly DataFolderLock _folderLock;
    private readonly EmbeddedCluster _cluster;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _supervision;
    private PostgresServer? _server;
    private int _disposed;

    private EmbeddedDatabase(
        EmbeddedPostgresOptions options,
        DataFolderLock folderLock,
        EmbeddedCluster cluster,
        PostgresServer server,
        TimeProvider time,
        ILogger logger
    )
    {
        (_options, _folderLock, _cluster, _server, _time, _logger) = (
            options,
            folderLock,
            cluster,
            server,
            time,
            logger
        );
        _supervision = Supervise(server, _stopping.Token);
    }

    /// <summary>Does not change when the server is restarted.</summary>
    public string ConnectionString => _cluster.ConnectionString;

    /// <summary>Process id of the server; null while there is none.</summary>
    internal int? ServerProcessId => Volatile.Read(ref _server)?.ProcessId;

    /// <exception cref="EmbeddedPostgresException">
    /// The server cannot run. The message says why and what to do.
    /// </exception>
    public static async Task<EmbeddedDatabase> Start(
        EmbeddedPostgresOptions options,
        TimeProvider time,
        ILogger logger,
        CancellationToken ct
    )
    {
        if (OperatingSystem.IsWindows())
            throw new EmbeddedPostgresException(
                "The control plane runs its own PostgreSQL on Linux and macOS only. Set the connection string ConnectionStrings__Mesh."
            );
        var folderLock = DataFolderLock.Take(Path.GetFullPath(options.DataFolder));
        try
        {
            var cluster = await EmbeddedCluster.Prepare(options, time, logger, ct);
            var server = await cluster.StartServer(ct);
            return new EmbeddedDatabase(options, folderLock, cluster, server, time, logger);
        }
        catch (Exception e) when (IsOfTheSystem(e))
        {
            folderLock.Dispose();
            throw new EmbeddedPostgresException($"PostgreSQL can't be run in {options.DataFolder}: {e.Message}", e);
        }
        catch
        {
            folderLock.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Returns how a command beside a running control plane reaches its database; null if none runs on the folder.
    /// </summary>
    public static string? FindRunning(EmbeddedPostgresOptions options)
    {
        var paths = new ClusterPaths(Path.GetFullPath(options.DataFolder));
        try
        {
            return
                PostmasterFile.Read(paths.Data) is { IsReady: true } file
                && Native.Signal(file.ProcessId, Native.SignalNone)
                ? EmbeddedCluster.ConnectionTo(SocketFolder.Of(paths))
                : null;
        }
        catch (UnauthorizedAccessException e)
        {
            throw new EmbeddedPostgresException(
                $"The data folder {options.DataFolder} can't be read by {SystemUser.Describe(Native.UserId)}: {e.Message} "
                    + "Run the command as the control plane's user.",
                e
            );
        }
    }

    /// <summary>Whether a database was ever created in the data folder.</summary>
    public static bool Exists(EmbeddedPostgresOptions options) =>
        new ClusterPaths(Path.GetFullPath(options.DataFolder)).MadeBy() is not null;

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        try
        {
            await _stopping.CancelAsync();
            await _supervision;
            await StopServer();
            SocketFolder.Remove(_cluster.Paths);
        }
        finally
        {
            _stopping.Dispose();
            _folderLock.Dispose();
        }
    }

    private async Task StopServer()
    {
        if (_server is { } server)
        {
            var since = _time.GetTimestamp();
            await server.Stop(_options.StopTimeout);
            server.Dispose();
            _logger.ServerStopped(_time.GetElapsedTime(since).TotalMilliseconds);
        }
    }

    private async Task Supervise(PostgresServer first, CancellationToken ct)
    {
        try
        {
            var deaths = 0;
            for (var server = first; ; )
            {
                var since = _time.GetTimestamp();
                var exitCode = await EndOf(server, ct);
                _logger.ServerDied(server.ProcessId, exitCode);
                Volatile.Write(ref _server, null);
                server.Dispose();

                // A server that ran for a long time is restarted immediately; repeated failures are delayed.
                deaths = _time.GetElapsedTime(since) > Stable ? 0 : deaths;
                server = await StartAgain(deaths, ct);
                Volatile.Write(ref _server, server);
                deaths++;
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // Being disposed of.
        }
    }

    private async Task<int> EndOf(PostgresServer server, CancellationToken ct)
    {
        using var prune = _time.CreateTimer(_ => PruneLogs(), null, PruneEvery, PruneEvery);
        return await server.Exited.WaitAsync(ct);
    }

    private async Task<PostgresServer> StartAgain(int deaths, CancellationToken ct)
    {
        for (var failures = deaths; ; failures++)
        {
            if (failures > 0)
                await Task.Delay(RestartDelay(failures), _time, ct);
            try
            {
                return await _cluster.StartServer(ct);
            }
            catch (Exception e) when (e is EmbeddedPostgresException || IsOfTheSystem(e))
            {
                _logger.RestartFailed(failures - deaths + 1, e.Message);
            }
        }
    }

    /// <summary>
    /// Returns the delay before the next start. It doubles with each consecutive failure, up to 10 seconds.
    /// </summary>
    private static TimeSpan RestartDelay(int failures) =>
        TimeSpan.FromSeconds(
            Math.Min(FirstRestartDelay.TotalSeconds * Math.Pow(2, failures - 1), MaxRestartDelay.TotalSeconds)
        );

    private void PruneLogs()
    {
        try
        {
            LogFiles.Prune(_cluster.Paths.Logs);
        }
        catch (Exception e) when (IsOfTheSystem(e))
        {
            // Retried in a minute.
        }
    }

    private static bool IsOfTheSystem(Exception e) => e is IOException or UnauthorizedAccessException or Win32Exception;
}
