using Npgsql;

namespace Coder.Mesh.ControlPlane.Watches;

/// <summary>
/// Identifies the database that feed positions belong to, and the present end of its feed. Transaction ids restart in a
/// restored dump and diverge in a promoted copy, so each of these has another name.
/// </summary>
/// <param name="Name">System identifier, timeline and oid of the database.</param>
/// <param name="End">All later commits come after this position.</param>
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
