using Npgsql;

namespace Coder.Mesh.Load.Scale;

/// <summary>Fills the store with copies of the templates.</summary>
internal sealed class Filler(NpgsqlDataSource database, TimeProvider time, Action<string> say)
{
    public async Task Fill(Layout layout, Templates templates, CancellationToken ct)
    {
        // Helpers and plan are temporary: they end with this connection.
        await using var connection = await database.OpenConnectionAsync(ct);
        await Execute(connection, "set synchronous_commit = off; set work_mem = '64MB'", ct);
        await Execute(connection, FillSql.Helpers, ct);
        foreach (var (name, id) in templates.ProviderIds.Concat(templates.WorkspaceIds))
            await AddTemplate(connection, name, id, ct);
        await AddTemplate(connection, "organization", templates.OrganizationId, ct);
        (string What, string Sql)[] steps =
        [
            ("planning", FillSql.Plan(layout)),
            ("providers", FillSql.Providers),
            ("presences", FillSql.Presences),
            ("organizations", FillSql.Organizations),
            ("workspaces", FillSql.Workspaces),
            ("a long history", FillSql.LongHistory),
            // As a store that has grown over months: its tables have been vacuumed, too.
            ("vacuum analyze", "vacuum (analyze)"),
            ("checkpoint", "checkpoint"),
        ];
        foreach (var (what, sql) in steps)
        {
            var started = time.GetTimestamp();
            try
            {
                await Execute(connection, sql, ct);
            }
            catch (PostgresException e)
            {
                throw new LoadException(
                    $"the store can't be filled with {what}, its tables may have changed: {e.MessageText}"
                );
            }
            say($"filled: {what}, {time.GetElapsedTime(started).TotalSeconds:0.0} s");
        }
    }

    private static async Task AddTemplate(NpgsqlConnection connection, string name, string id, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand("insert into template values ($1, $2)", connection);
        command.Parameters.AddWithValue(name);
        command.Parameters.AddWithValue(id);
        await command.ExecuteNonQueryAsync(ct);
    }

    private static async Task Execute(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        command.CommandTimeout = (int)Limits.Statement.TotalSeconds;
        await command.ExecuteNonQueryAsync(ct);
    }
}
