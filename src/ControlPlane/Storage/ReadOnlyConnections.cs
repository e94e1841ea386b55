using Npgsql;

namespace Coder.Mesh.ControlPlane.Storage;

/// <summary>
/// Finds connections that were opened while their server took no writes: to a standby, or to a database that is set to
/// read only. They would stay so, and in the pool, when writes are taken again elsewhere, or there by new connections.
/// </summary>
/// <remarks>A server that becomes a standby ends its connections, and a setting that is reloaded reaches those there are.</remarks>
internal sealed class ReadOnlyConnections
{
    private int _opened;

    /// <summary>Looks at each connection that is opened.</summary>
    public void LookAtAllOf(NpgsqlDataSourceBuilder builder) =>
        builder.UsePhysicalConnectionInitializer(
            Opened,
            connection =>
            {
                Opened(connection);
                return Task.CompletedTask;
            }
        );

    /// <summary>Whether such a connection was opened since this was asked last.</summary>
    public bool Take() => Interlocked.Exchange(ref _opened, 0) == 1;

    private void Opened(NpgsqlConnection connection)
    {
        if (IsOn(connection, "in_hot_standby") || IsOn(connection, "default_transaction_read_only"))
            Volatile.Write(ref _opened, 1);
    }

    // Told by each server as a connection is opened, and not asked for.
    private static bool IsOn(NpgsqlConnection connection, string parameter) =>
        connection.PostgresParameters.TryGetValue(parameter, out var value) && value == "on";
}
