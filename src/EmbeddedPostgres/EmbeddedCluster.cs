using System.Diagnostics;
using Npgsql;

namespace Coder.Mesh.EmbeddedPostgres;

/// <summary>
/// A database cluster in a folder, ready for a server to be started. The caller holds the folder's lock.
/// </summary>
internal sealed class EmbeddedCluster
{
    private const string Name = "mesh";
    private const string UnknownDatabase = "3D000";

    private readonly EmbeddedPostgresOptions _options;
    private readonly PostgresBinaries _binaries;
    private readonly RunAs _runAs;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ServerProcesses _processes;
    private readonly string _socketFolder;

    private EmbeddedCluster(
        EmbeddedPostgresOptions options,
        ClusterPaths paths,
        PostgresBinaries binaries,
        RunAs runAs,
        TimeProvider time,
        ILogger logger
    )
    {
        (_options, Paths, _binaries, _runAs, _time, _logger) = (options, paths, binaries, runAs, time, logger);
        _socketFolder = SocketFolder.Prepare(paths, runAs.User);
        _processes = new ServerProcesses(paths, _socketFolder, options.StopTimeout, time, logger);
    }

    public ClusterPaths Paths { get; }

    public string ConnectionString => ConnectionTo(_socketFolder);

    public static async Task<EmbeddedCluster> Prepare(
        EmbeddedPostgresOptions options,
        TimeProvider time,
        ILogger logger,
        CancellationToken ct
    )
    {
        var paths = new ClusterPaths(Path.GetFullPath(options.DataFolder));
        RefuseForeign(paths.Root);
        var binaries = await PostgresBinaries.Find(options, paths.MadeBy(), paths.Data, ct);
        var runAs = RunAs.Choose(paths.Root, binaries.Postgres, paths.Data);
        foreach (var folder in (string[])[paths.Root, paths.Logs])
            PrivateFolder.Ensure(folder, runAs.User);

        var cluster = new EmbeddedCluster(options, paths, binaries, runAs, time, logger);
        await cluster._processes.Clear(ct);
        if (paths.MadeBy() is null)
            await cluster.Create(ct);
        return cluster;
    }

    /// <summary>Starts a server, creates the database if necessary, and removes what a dead server left.</summary>
    public async Task<PostgresServer> StartServer(CancellationToken ct)
    {
        var since = _time.GetTimestamp();
        await _processes.Clear(ct);
        LogFiles.Prune(Paths.Logs);
        var server = PostgresServer.Launch(ServerCommand(), _time, _logger);
        try
        {
            if (!await server.Ready(Paths.Data, _options.StartTimeout, ct))
                throw NotStarted(server);
            await CreateDatabaseIfMissing(ct);
        }
        catch
        {
            await server.Stop(_options.StopTimeout);
            server.Dispose();
            throw;
        }
        _logger.ServerReady(
            _binaries.Major,
            _time.GetElapsedTime(since).TotalMilliseconds,
            server.ProcessId,
            Paths.Data
        );
        return server;
    }

    public Task Clear(CancellationToken ct) => _processes.Clear(ct);

    public static string ConnectionTo(string socketFolder, string database = Name) =>
        new NpgsqlConnectionStringBuilder
        {
            Host = socketFolder,
            Username = Name,
            Database = database,
            SslMode = SslMode.Disable,
            // Leaves room below max_connections for psql and backups.
            MaxPoolSize = 80,
        }.ConnectionString;

    private ProcessStartInfo ServerCommand()
    {
        var settings = new Dictionary<string, string>
        {
            ["max_connections"] = "100",
            ["shared_buffers"] = "64MB",
            ["max_wal_size"] = "512MB",
            ["idle_in_transaction_session_timeout"] = "30s",
            ["log_timezone"] = "UTC",
            ["timezone"] = "UTC",
        };
        foreach (var (name, value) in _options.Settings)
            settings[name] = value;
        foreach (var (name, value) in FixedSettings())
            settings[name] = value;
        return _runAs.Command(
            _binaries.Postgres,
            ["-D", Paths.Data, .. settings.SelectMany(s => (string[])["-c", $"{s.Key}={s.Value}"])]
        );
    }

    // Settings that the control plane relies on; others can be configured.
    private Dictionary<string, string> FixedSettings() =>
        new()
        {
            ["listen_addresses"] = "",
            ["port"] = "5432",
            ["unix_socket_directories"] = _socketFolder,
            ["cluster_name"] = Paths.ClusterName,
            ["logging_collector"] = "on",
            ["log_destination"] = "stderr",
            ["log_directory"] = Paths.Logs,
            ["log_filename"] = "%Y%m%d-%H%M%S.log",
            ["log_rotation_age"] = "0",
            ["log_rotation_size"] = $"{LogFiles.MegabytesEach}MB",
        };

    private async Task Create(CancellationToken ct)
    {
        _logger.CreatingDatabase(Paths.Data);
        await _processes.EndCreation(ct);
        if (Directory.Exists(Paths.Unfinished))
            Directory.Delete(Paths.Unfinished, recursive: true);
        string[] arguments =
        [
            ServerProcesses.InitDbArgument(Paths),
            $"--username={Name}",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--auth-local=trust",
            "--auth-host=reject",
            .. _options.Settings.GetValueOrDefault("fsync") == "off" ? (string[])["--no-sync"] : [],
        ];
        using var process = new Process { StartInfo = _runAs.Command(_binaries.InitDb, arguments) };
        process.Start();
        process.StandardInput.Close();
        var tail = new OutputTail();
        await Task.WhenAll(tail.Follow(process.StandardOutput), tail.Follow(process.StandardError)).WaitAsync(ct);
        await process.WaitForExitAsync(ct);
        if (process.ExitCode != 0)
            throw new EmbeddedPostgresException(
                $"PostgreSQL could not create the database in {Paths.Data}. Its initdb ended with code {process.ExitCode}:\n"
                    + Indented(tail.Lines())
            );
        Directory.Move(Paths.Unfinished, Paths.Data);
    }

    private async Task CreateDatabaseIfMissing(CancellationToken ct)
    {
        try
        {
            try
            {
                await Execute(ConnectionString, "select 1", ct);
            }
            catch (PostgresException e) when (e.SqlState == UnknownDatabase)
            {
                await Execute(ConnectionTo(_socketFolder, "postgres"), $"create database {Name}", ct);
            }
        }
        catch (NpgsqlException e)
        {
            throw new EmbeddedPostgresException(
                $"PostgreSQL started on {Paths.Data} but its database {Name} can't be opened: {e.Message}",
                e
            );
        }
    }

    private static async Task Execute(string connectionString, string sql, CancellationToken ct)
    {
        await using var source = NpgsqlDataSource.Create(connectionString + ";Pooling=false");
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(ct);
    }

    private EmbeddedPostgresException NotStarted(PostgresServer server)
    {
        var how = server.Exited.IsCompleted
            ? "ended while starting"
            : $"was not ready within {_options.StartTimeout.TotalSeconds:F0} s";
        return new EmbeddedPostgresException(
            $"PostgreSQL {how}, on the data in {Paths.Data}. Its last words (more in {Paths.Logs}):\n"
                + Indented([.. server.Output, .. LogFiles.LastLines(Paths.Logs, 10)])
        );
    }

    private static string Indented(IEnumerable<string> lines) => string.Join('\n', lines.Select(l => "  " + l));

    private static void RefuseForeign(string folder)
    {
        // Root may switch to the owner: RunAs decides.
        if (
            Native.UserId == 0
            || !Directory.Exists(folder)
            || Native.Owner(folder) is not { } owner
            || owner == Native.UserId
        )
            return;
        throw new EmbeddedPostgresException(
            $"The database folder {folder} belongs to {SystemUser.Describe(owner)}, and this process is "
                + $"{SystemUser.Describe(Native.UserId)}. Run the control plane as the same user as before, or choose another data folder "
                + $"({EmbeddedPostgresOptions.DataFolderVariable})."
        );
    }
}
