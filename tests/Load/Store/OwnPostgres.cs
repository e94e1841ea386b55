using Coder.Mesh.Load.Proc;
using Npgsql;

namespace Coder.Mesh.Load.Store;

/// <summary>
/// Connections to the PostgreSQL that a control plane runs for itself, over its private Unix-domain socket.
/// </summary>
internal static class OwnPostgres
{
    public const string ProductDatabase = "mesh";

    /// <summary>What the product's connections call themselves.</summary>
    public const string ProductApplication = "mesh-control-plane";

    /// <summary>The bound of the product's own pool on this PostgreSQL.</summary>
    private const int MaxPoolSize = 80;

    private const string User = "mesh";

    public static NpgsqlDataSource Open(string dataFolder, string application, string database = ProductDatabase) =>
        new NpgsqlDataSourceBuilder(
            new NpgsqlConnectionStringBuilder(ConnectionString(dataFolder, database))
            {
                ApplicationName = application,
                MaxPoolSize = MaxPoolSize,
            }.ConnectionString
        ).Build();

    public static string ConnectionString(string dataFolder, string database = ProductDatabase) =>
        new NpgsqlConnectionStringBuilder
        {
            Host =
                PostgresSample.SocketFolder(dataFolder)
                ?? throw new LoadException("the control plane runs no PostgreSQL of its own to measure beside."),
            Username = User,
            Database = database,
            SslMode = SslMode.Disable,
        }.ConnectionString;

    public static async Task Execute(this NpgsqlDataSource database, string sql, CancellationToken ct)
    {
        await using var command = database.CreateCommand(sql);
        command.CommandTimeout = (int)Limits.Statement.TotalSeconds;
        await command.ExecuteNonQueryAsync(ct);
    }
}
