using System.Net.Sockets;
using Coder.Mesh.ControlPlane.Refusals;
using Coder.Mesh.Protocol;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Storage;

/// <summary>Tells failures of reaching the store from failures of what was asked of it.</summary>
internal static class StoreFailure
{
    /// <summary>What callers and agents are told while the store is away.</summary>
    public static readonly Refusal Away = new(
        RefusalKind.Unavailable,
        ErrorReasons.StoreUnavailable,
        "The control plane can't reach its store; try again."
    );

    /// <summary>The store can't be reached, or is starting, stopping or out of connections: the same may succeed later.</summary>
    public static bool IsAway(Exception exception)
    {
        for (var e = exception; e is not null; e = e.InnerException)
        {
            switch (e)
            {
                // 08: connection; 57P: operator intervention; 53: insufficient resources.
                case PostgresException { SqlState: var state }:
                    return state.StartsWith("08", StringComparison.Ordinal)
                        || state.StartsWith("57P", StringComparison.Ordinal)
                        || state.StartsWith("53", StringComparison.Ordinal);
                case NpgsqlException or SocketException or TimeoutException or IOException:
                // Used in the moment in which it broke, a connection says that it isn't open, or is disposed of.
                case InvalidOperationException { Source: nameof(Npgsql) }:
                    return true;
            }
        }

        return false;
    }

    /// <summary>The name of the unique index that a save ran into; null if it was something else.</summary>
    public static string? UniqueIndex(Exception exception)
    {
        for (var e = exception; e is not null; e = e.InnerException)
        {
            if (e is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation } unique)
                return unique.ConstraintName;
        }

        return null;
    }
}
