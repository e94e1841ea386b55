using Coder.Mesh.ControlPlane.Storage;
using Npgsql;
using NpgsqlTypes;

namespace Coder.Mesh.ControlPlane.Watches;

/// <summary>
/// Finds the recent part of the feed before a position, which watches that resume have probably missed.
/// </summary>
internal static class RecentFeed
{
    // Its age counts from the newest row, not from now, since nothing was missed while no writes were possible. It must
    // not be trimmed before it is read.
    private const string Sql = $"""
        select xid, id from (
            select xid, id, at, max(at) over () as newest from (
                select xid, id, at from {ChangeFeed.Table}
                where (xid, id) <= (@transaction, @row) order by xid desc, id desc limit @rows
            ) last
        ) aged
        where at >= newest - @age
            and at > now() - interval '{Retention.Feed}' + interval '{Retention.FeedReplayMargin}'
        order by xid, id limit 1
        """;

    /// <returns>The position before its first row; the given position if it has no row.</returns>
    public static async Task<FeedPosition> Begin(
        NpgsqlDataSource database,
        FeedPosition end,
        int rows,
        TimeSpan age,
        CancellationToken ct
    )
    {
        await using var command = database.CreateCommand(Sql);
        command.Parameters.Add(new("transaction", NpgsqlDbType.Xid8) { Value = end.TransactionId });
        command.Parameters.Add(new("row", NpgsqlDbType.Bigint) { Value = end.RowId });
        command.Parameters.Add(new("rows", NpgsqlDbType.Integer) { Value = rows });
        command.Parameters.Add(new("age", NpgsqlDbType.Interval) { Value = age });
        await using var answer = await command.ExecuteReaderAsync(ct);
        return await answer.ReadAsync(ct)
            ? new FeedPosition(answer.GetFieldValue<ulong>(0), answer.GetInt64(1) - 1)
            : end;
    }
}
