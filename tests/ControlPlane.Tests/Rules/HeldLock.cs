using Npgsql;

namespace Coder.Mesh.ControlPlane.Tests.Rules;

/// <summary>A lock that a second session holds open, so that what runs into it waits until it is released.</summary>
internal sealed class HeldLock : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly NpgsqlConnection _holder;
    private readonly string _database;

    private HeldLock(NpgsqlConnection holder, string database) => (_holder, _database) = (holder, database);

    public static Task<HeldLock> Organization(string database, string organizationId, CancellationToken ct) =>
        Take(database, Advisory($"organization-{organizationId}"), ct);

    public static Task<HeldLock> Provider(string database, string providerId, CancellationToken ct) =>
        Take(database, Advisory($"provider-{providerId}"), ct);

    /// <summary>Nobody can append while it is held.</summary>
    public static Task<HeldLock> Events(string database, CancellationToken ct) =>
        Take(database, "lock table mesh.mt_events in share row exclusive mode", ct);

    /// <summary>Somebody appends, and has not told the feed yet.</summary>
    public static Task<HeldLock> Append(string database, CancellationToken ct) =>
        Take(database, "lock table mesh.mt_events in row exclusive mode", ct);

    /// <summary>Nobody can read a stream to append to it while it is held.</summary>
    public static Task<HeldLock> Streams(string database, CancellationToken ct) =>
        Take(database, "lock table mesh.mt_streams in access exclusive mode", ct);

    /// <summary>Nobody can look a token up while it is held.</summary>
    public static Task<HeldLock> Tokens(string database, CancellationToken ct) =>
        Take(database, "lock table mesh.mt_doc_tokenrecord in access exclusive mode", ct);

    /// <summary>An agent attaches with a token, and has not committed yet.</summary>
    public static Task<HeldLock> Attach(string database, string providerId, string tokenId, CancellationToken ct) =>
        Take(
            database,
            $$"""
            update mesh.mt_doc_providerpresence
            set data = jsonb_set(jsonb_set(data, '{UsedTokens}', '["{{tokenId}}"]'), '{Attached}', 'true')
            where id = 'presence-{{providerId}}'
            """,
            ct
        );

    public Task Commit(CancellationToken ct) => Execute("commit", ct);

    /// <summary>Goes on in the transaction of the lock.</summary>
    public async Task Execute(string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, _holder);
        await command.ExecuteNonQueryAsync(ct);
    }

    /// <summary>Waits until so many others wait for locks of this database.</summary>
    public async Task Until(int waiting, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(Limit);
        await using var connection = new NpgsqlConnection(_database);
        await connection.OpenAsync(ct);
        await using var command = new NpgsqlCommand(
            """
            select count(distinct l.pid) from pg_locks l join pg_stat_activity a on a.pid = l.pid
            where not l.granted and a.datname = current_database()
            """,
            connection
        );
        while (await command.ExecuteScalarAsync(limit.Token) is not long count || count != waiting)
            await Task.Delay(5, limit.Token);
    }

    public async ValueTask DisposeAsync() => await _holder.DisposeAsync();

    private static string Advisory(string key) => $"select pg_advisory_xact_lock(hashtextextended('{key}', 0))";

    private static async Task<HeldLock> Take(string database, string sql, CancellationToken ct)
    {
        // Not pooled: to close it is to roll back.
        var connection = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(database) { Pooling = false }.ConnectionString
        );
        await connection.OpenAsync(ct);
        await using var command = new NpgsqlCommand($"begin; {sql}", connection);
        await command.ExecuteNonQueryAsync(ct);
        return new HeldLock(connection, database);
    }
}
