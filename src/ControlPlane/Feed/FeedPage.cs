using Npgsql;
using NpgsqlTypes;

namespace Coder.Mesh.ControlPlane.Feed;

/// <summary>A place in the feed: everything before it has been read.</summary>
internal readonly record struct FeedPosition(ulong TransactionId, long RowId);

/// <summary>Rows of the feed in the order of their commits, as far as no transaction can still come before them.</summary>
/// <param name="Streams">Keys of streams that other replicas have changed.</param>
/// <param name="Next">Where to read on.</param>
/// <param name="More">There is more to read at once.</param>
/// <param name="Unsettled">Newer rows wait for a transaction that runs.</param>
/// <param name="Foreign">The position is not of this database: an older copy of it, or another one.</param>
internal sealed record FeedPage(
    IReadOnlyList<string> Streams,
    FeedPosition Next,
    bool More,
    bool Unsettled,
    bool Foreign
)
{
    private const int Size = 1000;

    // One statement, for the bounds of the snapshot and the rows have to belong together.
    private const string Sql = $"""
        with bounds as (
            select pg_snapshot_xmin(s) as oldest, pg_snapshot_xmax(s) as newest from pg_current_snapshot() s)
        select bounds.oldest, bounds.newest, feed.xid, feed.id, feed.stream
        from bounds left join lateral (
            select xid, id, stream from {ChangeFeed.Table}
            where (xid, id) > (@transaction, @row) and replica is distinct from @replica
            order by xid, id limit @size
        ) feed on true
        order by feed.xid, feed.id
        """;

    /// <summary>Where the feed is now: whatever commits from here on comes after it.</summary>
    public static async Task<FeedPosition> End(NpgsqlDataSource database, CancellationToken ct)
    {
        await using var command = database.CreateCommand("select pg_snapshot_xmin(pg_current_snapshot())");
        return Before((ulong)(await command.ExecuteScalarAsync(ct))!);
    }

    public static async Task<FeedPage> Read(
        NpgsqlDataSource database,
        FeedPosition from,
        string exceptReplica,
        CancellationToken ct
    )
    {
        await using var command = database.CreateCommand(Sql);
        command.Parameters.Add(new("transaction", NpgsqlDbType.Xid8) { Value = from.TransactionId });
        command.Parameters.Add(new("row", NpgsqlDbType.Bigint) { Value = from.RowId });
        command.Parameters.Add(new("replica", NpgsqlDbType.Text) { Value = exceptReplica });
        command.Parameters.Add(new("size", NpgsqlDbType.Integer) { Value = Size });
        await using var rows = await command.ExecuteReaderAsync(ct);
        var streams = new List<string>();
        var (next, oldest, unsettled, foreign, read) = (from, 0ul, false, false, 0);
        while (await rows.ReadAsync(ct))
        {
            oldest = rows.GetFieldValue<ulong>(0);
            foreign = from.TransactionId > rows.GetFieldValue<ulong>(1);
            if (await rows.IsDBNullAsync(2, ct))
                continue;
            read++;
            var at = new FeedPosition(rows.GetFieldValue<ulong>(2), rows.GetInt64(3));
            unsettled |= at.TransactionId >= oldest;
            if (unsettled)
                continue;
            next = at;
            streams.Add(rows.GetString(4));
        }

        var more = read == Size && !unsettled;
        return new FeedPage(streams, more || foreign ? next : Before(oldest), more, unsettled, foreign);
    }

    private static FeedPosition Before(ulong transactionId) => new(transactionId - 1, long.MaxValue);
}
