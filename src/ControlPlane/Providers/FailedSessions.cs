using Coder.Mesh.ControlPlane.Storage;
using Marten;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Providers;

/// <summary>
/// Counts consecutive sessions of each provider that ended before their first snapshot was answered. A row for each
/// such provider instead of events, so that an agent that fails for days does not make the history grow.
/// </summary>
internal sealed class FailedSessions(NpgsqlDataSource database)
{
    private const string Table = "mesh.mesh_failed_session";

    public const string Schema = $"""
        create table if not exists {Table} (
            provider_id text primary key,
            epoch bigint not null,
            count integer not null
        );
        """;

    /// <param name="Epoch">Epoch of the last failed session.</param>
    internal sealed record Row(long Epoch, int Count);

    /// <returns>By provider; providers without failed sessions are missing.</returns>
    public async Task<IReadOnlyDictionary<string, Row>> Find(string[] providerIds, CancellationToken ct)
    {
        await using var command = database.CreateCommand(
            $"select provider_id, epoch, count from {Table} where provider_id = any($1)"
        );
        command.Parameters.AddWithValue(providerIds);
        var found = new Dictionary<string, Row>(StringComparer.Ordinal);
        await using var rows = await command.ExecuteReaderAsync(ct);
        while (await rows.ReadAsync(ct))
            found[rows.GetString(0)] = new Row(rows.GetInt64(1), rows.GetInt32(2));
        return found;
    }

    /// <summary>
    /// Counts a failed session. Sessions are consecutive if there is no other epoch between them: they may end in
    /// another order than they began, and those that were not stored share an epoch.
    /// </summary>
    /// <returns>Number of consecutive failed sessions.</returns>
    public async Task<int> Add(SessionFence fence, CancellationToken ct)
    {
        await using var command = database.CreateCommand(
            $"""
            insert into {Table} as t (provider_id, epoch, count) values ($1, $2, 1)
            on conflict (provider_id) do update set
              count = case
                when excluded.epoch < t.epoch - 1 then t.count
                when excluded.epoch <= t.epoch + 1 then t.count + 1
                else 1 end,
              epoch = greatest(t.epoch, excluded.epoch)
            returning count
            """
        );
        command.Parameters.AddWithValue(fence.ProviderId);
        command.Parameters.AddWithValue(fence.Epoch);
        return (int)(await command.ExecuteScalarAsync(ct))!;
    }

    /// <summary>Resets the count.</summary>
    public async Task Clear(string providerId, CancellationToken ct)
    {
        await using var command = database.CreateCommand($"delete from {Table} where provider_id = $1");
        command.Parameters.AddWithValue(providerId);
        await command.ExecuteNonQueryAsync(ct);
    }

    /// <summary>Resets the count in the session's transaction.</summary>
    public static void Clear(IDocumentSession session, string providerId) =>
        session.QueueSqlCommand($"delete from {Table} where provider_id = ?", providerId);
}
