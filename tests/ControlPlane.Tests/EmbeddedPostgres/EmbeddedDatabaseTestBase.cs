using System.Diagnostics;
using Coder.Mesh.EmbeddedPostgres;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Tests.EmbeddedPostgres;

/// <summary>
/// A data folder under a parent that only its owner can enter, as a home folder is, and what tests do with it.
/// </summary>
public abstract class EmbeddedDatabaseTestBase : IDisposable
{
    protected const int Creating = 1900;
    protected const int Ready = 1901;
    protected const int StoppingLeftover = 1903;
    protected const int Died = 1904;
    protected const int RestartFailed = 1905;
    protected const int EndingOrphans = 1908;

    protected static readonly TimeSpan Generous = TimeSpan.FromSeconds(60);

    private readonly string _parent = Directory.CreateTempSubdirectory("mesh-embedded-").FullName;

    protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    protected string Folder => Path.Combine(_parent, "data");

    internal ClusterPaths Paths => new(Folder);

    internal SignalLogger Logger { get; } = new();

    public void Dispose()
    {
        Directory.Delete(_parent, recursive: true);
        GC.SuppressFinalize(this);
    }

    internal Task<EmbeddedDatabase> Start(Action<EmbeddedPostgresOptions>? change = null)
    {
        // The machine is not going to lose power in a test; what it waits for the disk, it waits many times.
        var options = new EmbeddedPostgresOptions
        {
            DataFolder = Folder,
            Settings = new() { ["fsync"] = "off" },
        };
        change?.Invoke(options);
        return EmbeddedDatabase.Start(options, TimeProvider.System, Logger, Ct);
    }

    internal async Task<string> Error(Action<EmbeddedPostgresOptions>? change = null)
    {
        var error = await Assert.ThrowsAsync<EmbeddedPostgresException>(async () =>
            await (await Start(change)).DisposeAsync()
        );
        return error.Message;
    }

    protected static async Task Execute(string connectionString, string sql)
    {
        await using var connection = await Open(connectionString);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(Ct);
    }

    protected static async Task<T> Query<T>(string connectionString, string sql)
    {
        await using var connection = await Open(connectionString);
        await using var command = new NpgsqlCommand(sql, connection);
        return (T)(await command.ExecuteScalarAsync(Ct))!;
    }

    protected static async Task<NpgsqlConnection> Open(string connectionString)
    {
        var connection = new NpgsqlConnection(connectionString + ";Pooling=false");
        await connection.OpenAsync(Ct);
        return connection;
    }

    /// <summary>
    /// Processes with the database's folder or its name among their arguments, those that only wait to be reaped left
    /// out.
    /// </summary>
    protected IReadOnlyList<int> ServerProcesses() =>
        [
            .. Process
                .GetProcesses()
                .Select(p => p.Id)
                .Where(id =>
                    CommandLine(id) is var line
                    && line.Contains("postgres", StringComparison.Ordinal)
                    && (
                        line.Contains(Folder, StringComparison.Ordinal)
                        || line.Contains(Paths.ClusterName, StringComparison.Ordinal)
                    )
                ),
        ];

    /// <summary>For states of the system that nothing announces.</summary>
    internal static async Task WaitUntil(Func<bool> holds)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        limit.CancelAfter(Generous);
        while (!holds())
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, limit.Token);
    }

    internal static bool IsRunning(int processId) => CommandLine(processId).Length > 0;

    private static string CommandLine(int processId)
    {
        try
        {
            return File.ReadAllText($"/proc/{processId}/cmdline");
        }
        catch (IOException)
        {
            return "";
        }
    }
}
