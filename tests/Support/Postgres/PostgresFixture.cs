using Npgsql;

namespace Coder.Mesh.Tests.Support.Postgres;

/// <summary>
/// One PostgreSQL server for a test assembly (<c>[assembly: AssemblyFixture(typeof(PostgresFixture))]</c>), started by
/// the first test that asks for a database. In order: the server of <c>MESH_TEST_POSTGRES</c>, a container where an
/// engine answers, local binaries.
/// </summary>
public sealed class PostgresFixture : IAsyncDisposable
{
    public const string Variable = "MESH_TEST_POSTGRES";

    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly List<string> _databases = [];
    private readonly Dictionary<string, string> _templates = [];
    private readonly Func<CancellationToken, Task<IPostgresSource>> _find;
    private IPostgresSource? _source;

    public PostgresFixture()
        : this(PostgresSources.Find) { }

    internal PostgresFixture(Func<CancellationToken, Task<IPostgresSource>> find) => _find = find;

    /// <summary>Which server it is, and why not one before it in the order; empty until the first database.</summary>
    public string Source => _source?.Description ?? "";

    /// <summary>Whether the server may be killed: only one of our own.</summary>
    public bool CanKill => _source is LocalPostgres;

    /// <summary>A fresh, empty database for one test.</summary>
    public Task<string> CreateDatabase(CancellationToken ct) => Create("template0", ct);

    /// <summary>A fresh copy of a database that is filled once, by the first test that asks for it.</summary>
    /// <param name="template">Lower-case name, unique in the assembly.</param>
    /// <param name="fill">Gets the connection string; must close its connections.</param>
    /// <param name="ct">Stops the wait.</param>
    public async Task<string> CreateDatabase(
        string template,
        Func<string, CancellationToken, Task> fill,
        CancellationToken ct
    )
    {
        await Server(ct);
        await _gate.WaitAsync(ct);
        try
        {
            if (!_templates.TryGetValue(template, out var name))
            {
                var connectionString = await Create("template0", ct);
                await fill(connectionString, ct);
                name = new NpgsqlConnectionStringBuilder(connectionString).Database!;
                // A template must have no connections, pooled ones included.
                await using (var connection = new NpgsqlConnection(connectionString))
                    NpgsqlConnection.ClearPool(connection);
                await Execute($"alter database \"{name}\" with allow_connections false", ct);
                await Execute(
                    $"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}' and pid <> pg_backend_pid()",
                    ct
                );
                _templates[template] = name;
            }
            return await Create(name, ct);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>
    /// A copy of a database as it is now, as a backup that is restored would be. Nobody may use it meanwhile.
    /// </summary>
    public async Task<string> CopyDatabase(string connectionString, CancellationToken ct)
    {
        var name = new NpgsqlConnectionStringBuilder(connectionString).Database!;
        await Execute(
            $"select pg_terminate_backend(pid, 10000) from pg_stat_activity where datname = '{name}' and pid <> pg_backend_pid()",
            ct
        );
        return await Create(name, ct);
    }

    /// <summary>
    /// kill -9 of the server. It stays down until <see cref="Restart"/>; other tests of the assembly must not run
    /// meanwhile.
    /// </summary>
    public Task Kill(CancellationToken ct) => Local().Kill(ct);

    /// <inheritdoc cref="LocalPostgres.Freeze"/>
    public Task Freeze(CancellationToken ct) => Local().Freeze(ct);

    /// <inheritdoc cref="LocalPostgres.Thaw"/>
    public Task Thaw(CancellationToken ct) => Local().Thaw(ct);

    public Task Restart(CancellationToken ct) => Local().Restart(ct);

    public async ValueTask DisposeAsync()
    {
        if (_source is not null)
        {
            if (!_source.IsThrownAway)
                foreach (var database in Databases())
                    await Execute($"drop database if exists \"{database}\" with (force)", CancellationToken.None);
            await _source.DisposeAsync();
        }
        _gate.Dispose();
    }

    private LocalPostgres Local() =>
        _source as LocalPostgres
        ?? throw new InvalidOperationException(
            "Only a local server can be killed; ask CanKill after the first CreateDatabase."
        );

    private async Task<string> Create(string template, CancellationToken ct)
    {
        var source = await Server(ct);
        var name = $"mesh_test_{Guid.NewGuid():N}";
        await Execute($"create database \"{name}\" template \"{template}\"", ct);
        lock (_databases)
            _databases.Add(name);
        return new NpgsqlConnectionStringBuilder(source.AdminConnectionString)
        {
            Database = name,
            Pooling = true,
            MaxPoolSize = 20,
            // Each test has a pool of its own: let the finished ones give their connections back soon.
            ConnectionIdleLifetime = 3,
            ConnectionPruningInterval = 1,
        }.ConnectionString;
    }

    private List<string> Databases()
    {
        lock (_databases)
            return [.. _databases];
    }

    private async Task<IPostgresSource> Server(CancellationToken ct)
    {
        if (Volatile.Read(ref _source) is { } started)
            return started;
        await _gate.WaitAsync(ct);
        try
        {
            if (_source is { } meanwhile)
                return meanwhile;
            var source = await _find(ct);
            Console.WriteLine($"PostgreSQL for tests: {source.Description}");
            Volatile.Write(ref _source, source);
            return source;
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task Execute(string sql, CancellationToken ct)
    {
        await using var connection = new NpgsqlConnection(_source!.AdminConnectionString);
        await connection.OpenAsync(ct);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(ct);
    }
}
