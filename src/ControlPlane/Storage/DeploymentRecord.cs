using Npgsql;

namespace Coder.Mesh.ControlPlane.Storage;

/// <summary>Tells whether a first start was done on a database, without making anything there.</summary>
internal static class DeploymentRecord
{
    public static async Task<bool> Exists(NpgsqlDataSource database, CancellationToken ct)
    {
        await using var command = database.CreateCommand("select exists (select from mesh.mt_streams where id = $1)");
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
