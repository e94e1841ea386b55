using Npgsql;

namespace Coder.Mesh.ControlPlane.Storage;

/// <summary>
/// Detects connections that were opened while their server accepted no writes: to a standby, or to a database that is
/// set to read-only. They would stay in the pool, and stay read-only, after writes are accepted again.
/// </summary>
/// <remarks>
/// A server that becomes a standby ends its connections, and a reloaded setting applies to existing connections.
/// </remarks>
internal sealed class ReadOnlyConnections
{
    private int _opened;

    /// <summary>Inspects each connection that is opened.</summary>
    public void ObserveAllOf(NpgsqlDataSourceBuilder builder) =>
        builder.UsePhysicalConnectionInitializer(
            Opened,
            connection =>
            {
                Opened(connection);
                return Task.CompletedTask;
            }
        );

    /// <summary>Whether such a connection was opened since the last call.</summary>
    public bool Take() => Interlocked.Exchange(ref _opened, 0) == 1;

    private void Opened(NpgsqlConnection connection)
    {
        if (IsOn(connection, "in_hot_standby") || IsOn(connection, "default_transaction_read_only"))
            Volatile.Write(ref _opened, 1);
    }

    // Reported by each server when a connection is opened, without a query.
    private static bool IsOn(NpgsqlConnection connection, string parameter) =>
        connection.PostgresParameters.TryGetValue(parameter, out var value) && value == "on";
}
