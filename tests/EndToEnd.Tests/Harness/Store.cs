using System.Globalization;
using Npgsql;

namespace Coder.Mesh.EndToEnd.Tests.Harness;

/// <summary>The embedded PostgreSQL of a test, seen from beside the control plane.</summary>
internal sealed class Store(string dataFolder)
{
    private string PidFile => Path.Combine(dataFolder, "postgres", "data", "postmaster.pid");

    /// <summary>The server's first process.</summary>
    public int ProcessId => int.Parse(File.ReadLines(PidFile).First(), CultureInfo.InvariantCulture);

    /// <summary>Whether the server has left its mark; it takes it away when it ends in order.</summary>
    public bool IsRunning => File.Exists(PidFile);

    public string ConnectionString
    {
        get
        {
            // PostgreSQL's own format: the fifth line is the folder of the socket.
            var socketFolder = File.ReadAllLines(PidFile)[4];
            return $"Host={socketFolder};Username=mesh;Database=mesh;Pooling=false";
        }
    }

    /// <summary>kill -9 of the server's first process, if there is one.</summary>
    /// <returns>Whether there was.</returns>
    public bool Kill()
    {
        try
        {
            var id = ProcessId;
            // A server that was killed before has left its mark, and its number may be another's by now.
            if (!File.ReadAllText($"/proc/{id}/cmdline").Contains(dataFolder, StringComparison.Ordinal))
                return false;
            using var process = System.Diagnostics.Process.GetProcessById(id);
            process.Kill();
            return true;
        }
        catch (Exception e) when (e is IOException or ArgumentException or InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>The events of one stored name, as JSON, in their order.</summary>
    public async Task<IReadOnlyList<string>> Events(string name, CancellationToken ct)
    {
        await using var connection = await Connect(ct);
        await using var command = new NpgsqlCommand(
            "select data::text from mesh.mt_events where type = $1 order by seq_id",
            connection
        );
        command.Parameters.AddWithValue(name);
        await using var reader = await command.ExecuteReaderAsync(ct);
        var events = new List<string>();
        while (await reader.ReadAsync(ct))
            events.Add(reader.GetString(0));
        return events;
    }

    /// <summary>From now on no event can be stored: who tries waits in the middle of it.</summary>
    public async Task<HeldWrites> HoldWrites(CancellationToken ct)
    {
        var connection = await Connect(ct);
        return await HeldWrites.Take(connection, this, ct);
    }

    internal async Task<NpgsqlConnection> Connect(CancellationToken ct)
    {
        var connection = new NpgsqlConnection(ConnectionString);
        await connection.OpenAsync(ct);
        return connection;
    }
}

/// <summary>A lock on the table of events, until disposed of or until the server dies.</summary>
internal sealed class HeldWrites : IAsyncDisposable
{
    private readonly NpgsqlConnection _connection;
    private readonly Store _store;

    private HeldWrites(NpgsqlConnection connection, Store store) => (_connection, _store) = (connection, store);

    public static async Task<HeldWrites> Take(NpgsqlConnection connection, Store store, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(
            "begin; lock table mesh.mt_events in share row exclusive mode",
            connection
        );
        await command.ExecuteNonQueryAsync(ct);
        return new HeldWrites(connection, store);
    }

    /// <summary>Waits until that many transactions of the control plane are held up.</summary>
    public async Task Until(int waiting, CancellationToken ct)
    {
        await using var connection = await _store.Connect(ct);
        await using var command = new NpgsqlCommand(
            "select count(*) from pg_locks where not granted and relation = 'mesh.mt_events'::regclass",
            connection
        );
        await Eventually.Is(
            async () => (long)(await command.ExecuteScalarAsync(ct))!,
            count => count >= waiting,
            $"{waiting} transactions wait",
            ct
        );
    }

    public ValueTask DisposeAsync() => _connection.DisposeAsync();
}
