using Npgsql;
using NpgsqlTypes;

namespace Coder.Mesh.ControlPlane.Watches;

/// <summary>Feed rows in commit order, up to the oldest transaction that is still running.</summary>
/// <param name="Next">Position to continue from.</param>
/// <param name="More">More rows can be read immediately.</param>
/// <param name="Unsettled">Newer rows exist but wait for a running transaction.</param>
/// <param name="Foreign">The position belongs to another database, or to a later state of this one.</param>
/// <param name="Trimmed">Rows after the position have been trimmed.</param>
internal sealed record FeedPage(
    IReadOnlyList<FeedRow> Rows,
    FeedPosition Next,
    bool More,
    bool Unsettled,
    bool Foreign,
    bool Trimmed
)
{
    // A single statement, so that the rows and the snapshot bounds belong to the same snapshot.
    private const string Sql = $"""
        with bounds as (
            select pg_snapshot_xmin(s) as oldest, pg_snapshot_xmax(s) as newest,
                exists (
                    select 1 from {ChangeFeed.TrimmedTable} t
                    where (t.xid, t.id) > (@transaction, @row) and t.xid < pg_snapshot_xmax(s)
                ) as trimmed
            from pg_current_snapshot() s)
        select bounds.oldest, bounds.newest, bounds.trimmed,
            feed.xid, feed.id, feed.stream, feed.version_before, feed.version_after, feed.replica
        from bounds left join lateral (
            select * from {ChangeFeed.Table}
            where (xid, id) > (@transaction, @row) and (@replica is null or replica is distinct from @replica)
            order by xid, id limit @size
        ) feed on true
        order by feed.xid, feed.id
        """;

    /// <param name="exceptReplica">Replica whose rows are skipped; null to read all.</param>
    public static async Task<FeedPage> Read(
        NpgsqlDataSource database,
        FeedPosition from,
        string? exceptReplica,
        int size,
        CancellationToken ct
    )
    {
        await using var command = Command(database, from, exceptReplica, size);
        await using var answer = await command.ExecuteReaderAsync(ct);
        var rows = new List<FeedRow>();
        var (oldest, unsettled, foreign, trimmed, read) = (0ul, false, false, false, 0);
        while (await answer.ReadAsync(ct))
        {
            oldest = answer.GetFieldValue<ulong>(0);
            foreign = from.TransactionId > answer.GetFieldValue<ulong>(1);
            trimmed = answer.GetBoolean(2);
            if (await answer.IsDBNullAsync(3, ct))
                continue;
            read++;
            var row = Row(answer);
            unsettled |= row.Position.TransactionId >= oldest;
            if (!unsettled)
                rows.Add(row);
        }

        var more = read == size && !unsettled;
        var last = rows.Count > 0 ? rows[^1].Position : from;
        // A position that another replica reported may be ahead of the settled one here.
        var settled = FeedPosition.Before(oldest);
        return new FeedPage(
            rows,
            more || foreign || settled < last ? last : settled,
            more,
            unsettled,
            foreign,
            trimmed
        );
    }

    private static NpgsqlCommand Command(NpgsqlDataSource database, FeedPosition from, string? exceptReplica, int size)
    {
        var command = database.CreateCommand(Sql);
        command.Parameters.Add(new("transaction", NpgsqlDbType.Xid8) { Value = from.TransactionId });
        command.Parameters.Add(new("row", NpgsqlDbType.Bigint) { Value = from.RowId });
        command.Parameters.Add(new("replica", NpgsqlDbType.Text) { Value = (object?)exceptReplica ?? DBNull.Value });
        command.Parameters.Add(new("size", NpgsqlDbType.Integer) { Value = size });
        return command;
    }

    private static FeedRow Row(NpgsqlDataReader row) =>
        new(
            new FeedPosition(row.GetFieldValue<ulong>(3), row.GetInt64(4)),
            row.GetString(5),
            row.GetInt64(6),
            row.GetInt64(7),
            row.IsDBNull(8) ? null : row.GetString(8)
        );
}
