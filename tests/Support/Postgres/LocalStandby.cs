using System.Diagnostics;
using Coder.Mesh.EmbeddedPostgres;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Coder.Mesh.Tests.Support.Postgres;

/// <summary>
/// A server that streams from another one and can be promoted, from local binaries, in a temporary folder.
/// </summary>
public sealed class LocalStandby : IAsyncDisposable
{
    private readonly string _folder;
    private readonly Process _watchdog;
    private readonly ClusterPaths _paths;
    private readonly string _connectionString;
    private PostgresServer? _server;

    private LocalStandby(string folder, Process watchdog, LocalPostgres primary, string host)
    {
        (_folder, _watchdog, _paths, Host) = (folder, watchdog, new ClusterPaths(folder), host);
        _connectionString = new NpgsqlConnectionStringBuilder(primary.AdminConnectionString)
        {
            Host = host,
        }.ConnectionString;
    }

    /// <summary>The folder of its socket, as connection strings name it.</summary>
    public string Host { get; }

    public static async Task<LocalStandby> Start(LocalPostgres primary, CancellationToken ct)
    {
        var folder = Directory.CreateTempSubdirectory("mesh-test-").FullName;
        var watchdog = LocalPostgres.StartWatchdog(folder);
        var paths = new ClusterPaths(folder);
        var binaries = await PostgresBinaries.Find(new EmbeddedPostgresOptions(), null, paths.Data, ct);
        var runAs = RunAs.Choose(paths.Root, binaries.Postgres, paths.Data);
        PrivateFolder.Ensure(paths.Root, runAs.User);
        var standby = new LocalStandby(folder, watchdog, primary, SocketFolder.Prepare(paths, runAs.User));
        try
        {
            await standby.Copy(primary, binaries, runAs, ct);
            string[] settings = ["listen_addresses=", $"unix_socket_directories={standby.Host}", "max_connections=300"];
            standby._server = PostgresServer.Launch(
                runAs.Command(binaries.Postgres, ["-D", paths.Data, .. settings.SelectMany(s => (string[])["-c", s])]),
                TimeProvider.System,
                NullLogger.Instance
            );
            await standby.Answers(ct);
            return standby;
        }
        catch
        {
            await standby.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits until it has all that its primary has committed so far.</summary>
    public async Task CaughtUp(LocalPostgres primary, CancellationToken ct)
    {
        var position = (string)(await Scalar(primary.AdminConnectionString, "select pg_current_wal_lsn()::text", ct))!;
        while (!(bool)(await Scalar(_connectionString, $"select pg_last_wal_replay_lsn() >= '{position}'", ct))!)
            await Task.Delay(20, ct);
    }

    /// <summary>Makes it a primary, and returns when it is one.</summary>
    public Task Promote(CancellationToken ct) => Scalar(_connectionString, "select pg_promote(true, 60)", ct);

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.Stop(TimeSpan.FromSeconds(10));
            _server.Dispose();
        }

        SocketFolder.Remove(_paths);
        await LocalPostgres.End(_watchdog);
    }

    private async Task Copy(LocalPostgres primary, PostgresBinaries binaries, RunAs runAs, CancellationToken ct)
    {
        var from = new NpgsqlConnectionStringBuilder(primary.ConnectionString);
        string[] arguments =
        [
            $"--host={from.Host}",
            $"--username={from.Username}",
            $"--pgdata={_paths.Data}",
            "--write-recovery-conf",
            "--wal-method=stream",
            "--checkpoint=fast",
            "--no-sync",
        ];
        using var process = Process.Start(runAs.Command(Path.Combine(binaries.Folder, "pg_basebackup"), arguments))!;
        process.StandardInput.Close();
        var errors = await process.StandardError.ReadToEndAsync(ct);
        await process.WaitForExitAsync(ct);
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"pg_basebackup ended with {process.ExitCode}: {errors}");
    }

    private async Task Answers(CancellationToken ct)
    {
        while (true)
        {
            try
            {
                await Scalar(_connectionString, "select 1", ct);
                return;
            }
            catch (NpgsqlException) when (!_server!.Exited.IsCompleted)
            {
                await Task.Delay(50, ct);
            }
            catch (NpgsqlException e)
            {
                throw new InvalidOperationException($"In {_folder}: {string.Join('\n', _server!.Output)}", e);
            }
        }
    }

    private static async Task<object?> Scalar(string connectionString, string sql, CancellationToken ct)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync(ct);
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(ct);
    }
}
