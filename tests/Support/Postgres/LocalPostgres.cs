using System.Diagnostics;
using Coder.Mesh.EmbeddedPostgres;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Coder.Mesh.Tests.Support.Postgres;

/// <summary>
/// A throw-away server from local binaries, in a temporary folder. A test that kills its server starts one of its own.
/// </summary>
public sealed class LocalPostgres : IPostgresSource
{
    // Waits for the end of its input, which comes with the end of this process however it ends; then stops the server
    // and removes the folder. (The kernel's parent-death signal would come when the thread that started the server
    // ends.)
    private const string Watchdog = """
        cat >/dev/null
        pid=$(head -n 1 "$1/postgres/data/postmaster.pid" 2>/dev/null)
        if [ -n "$pid" ] && tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF "$1"; then
            kill -QUIT "$pid"
            tries=0
            while kill -0 "$pid" 2>/dev/null && [ "$tries" -lt 50 ]; do
                tries=$((tries + 1))
                sleep 0.1
            done
        fi
        rm -rf "$1"
        """;

    private readonly string _folder;
    private readonly Process _watchdog;
    private readonly EmbeddedCluster _cluster;
    private PostgresServer _server;

    private LocalPostgres(
        string folder,
        Process watchdog,
        EmbeddedCluster cluster,
        PostgresServer server,
        string whyNotAnother
    )
    {
        (_folder, _watchdog, _cluster, _server) = (folder, watchdog, cluster, server);
        Description = $"local binaries in {folder}" + (whyNotAnother.Length > 0 ? $" ({whyNotAnother})" : "");
    }

    public string Description { get; }

    public string AdminConnectionString =>
        new NpgsqlConnectionStringBuilder(_cluster.ConnectionString) { Pooling = false }.ConnectionString;

    /// <summary>Its only database unless more are created; the same after a restart.</summary>
    public string ConnectionString => _cluster.ConnectionString;

    public bool IsThrownAway => true;

    public int ServerProcessId => _server.ProcessId;

    internal string Folder => _folder;

    public static Task<LocalPostgres> Start(CancellationToken ct) => Start("", ct);

    internal static async Task<LocalPostgres> Start(string whyNotAnother, CancellationToken ct)
    {
        var folder = Directory.CreateTempSubdirectory("mesh-test-").FullName;
        var watchdog = StartWatchdog(folder);
        try
        {
            var options = new EmbeddedPostgresOptions
            {
                DataFolder = folder,
                // Not synchronous_commit: a killed server must keep what it acknowledged, or outage tests would see
                // losses.
                Settings = new()
                {
                    ["fsync"] = "off",
                    ["full_page_writes"] = "off",
                    ["max_connections"] = "300",
                    // One database for each test: vacuuming hundreds of them that nobody uses any more takes longer
                    // than to make them.
                    ["autovacuum"] = "off",
                    ["checkpoint_timeout"] = "1h",
                },
            };
            var cluster = await EmbeddedCluster.Prepare(options, TimeProvider.System, NullLogger.Instance, ct);
            var server = await cluster.StartServer(ct);
            return new LocalPostgres(folder, watchdog, cluster, server, whyNotAnother);
        }
        catch
        {
            await End(watchdog);
            throw;
        }
    }

    /// <summary>kill -9; the server stays down until <see cref="Restart"/>.</summary>
    public async Task Kill(CancellationToken ct)
    {
        _server.Kill();
        await _server.Exited.WaitAsync(ct);
    }

    /// <summary>Stops all its processes where they are: it accepts connections and answers nothing.</summary>
    public Task Freeze(CancellationToken ct) => Signal("STOP", ct);

    /// <summary>Ends <see cref="Freeze"/>.</summary>
    public Task Thaw(CancellationToken ct) => Signal("CONT", ct);

    private async Task Signal(string signal, CancellationToken ct)
    {
        const string Script = """kill -s "$1" "$2" $(cat /proc/"$2"/task/*/children)""";
        using var kill = Process.Start("sh", ["-c", Script, "sh", signal, $"{_server.ProcessId}"]);
        await kill.WaitForExitAsync(ct);
        if (kill.ExitCode != 0)
            throw new InvalidOperationException($"kill -s {signal} ended with {kill.ExitCode}");
    }

    public async Task Restart(CancellationToken ct)
    {
        _server.Dispose();
        _server = await _cluster.StartServer(ct);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.Stop(TimeSpan.FromSeconds(10));
        _server.Dispose();
        await _cluster.Clear(CancellationToken.None);
        SocketFolder.Remove(_cluster.Paths);
        await End(_watchdog);
    }

    internal static Process StartWatchdog(string folder)
    {
        // A session of its own: a Ctrl-C that ends the tests must not end it.
        var start = new ProcessStartInfo("setsid", ["sh", "-c", Watchdog, "sh", folder])
        {
            RedirectStandardInput = true,
        };
        return Process.Start(start)!;
    }

    internal static async Task End(Process watchdog)
    {
        watchdog.StandardInput.Close();
        await watchdog.WaitForExitAsync();
        watchdog.Dispose();
    }
}
