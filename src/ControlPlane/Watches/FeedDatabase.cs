using Npgsql;

namespace Coder.Mesh.ControlPlane.Watches;

/// <summary>
/// Which database positions of the feed belong to, and where its feed is now. Transaction ids begin anew in a restored dump,
/// and part ways where a copy of the database is made the primary: each of these has another name.
/// </summary>
/// <param name="Name">System identifier, timeline and oid of the database.</param>
/// <param name="End">Whatever commits from here on comes after it.</param>
internal sealed record FeedDatabase(string Name, FeedPosition End)
{
    // The timeline of the write-ahead log: that of pg_control_checkpoint() lags behind after a promotion.
    private const string Sql = """
        select system_identifier || '-' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) || '-' || oid,
            pg_snapshot_xmin(pg_current_snapshot())
        from pg_control_system(), pg_database where datname = current_database()
        """;

    public static async Task<FeedDatabase> Read(NpgsqlDataSource database, CancellationToken ct)
    {
        await using var command = database.CreateCommand(Sql);
        await using var row = await command.ExecuteReaderAsync(ct);
        await row.ReadAsync(ct);
        return new FeedDatabase(row.GetString(0), FeedPosition.Before(row.GetFieldValue<ulong>(1)));
    }
}
