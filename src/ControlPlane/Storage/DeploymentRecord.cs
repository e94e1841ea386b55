using Npgsql;

namespace Coder.Mesh.ControlPlane.Storage;

/// <summary>Finds out whether a database was initialized, without creating anything in it.</summary>
internal static class DeploymentRecord
{
    public static async Task<bool> Exists(NpgsqlDataSource database, CancellationToken ct)
    {
        await using var command = database.CreateCommand($"select exists (select from {Tables.Streams} where id = $1)");
        command.Parameters.AddWithValue(StreamKeys.Deployment);
        try
        {
            return await command.ExecuteScalarAsync(ct) is true;
        }
        catch (PostgresException e)
            when (e.SqlState is PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.InvalidSchemaName)
        {
            return false;
        }
    }
}
