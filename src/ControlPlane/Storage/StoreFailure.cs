using System.Net.Sockets;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.Protocol;
using JasperFx;
using Marten.Exceptions;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Storage;

/// <summary>Tells failures of reaching the store from failures of what was asked of it.</summary>
internal static class StoreFailure
{
    /// <summary>What callers and agents are told while the store is away.</summary>
    public static readonly Error Away = new(
        ErrorKind.Unavailable,
        ErrorReasons.StoreUnavailable,
        "The control plane can't reach its store; try again."
    );

    /// <summary>The store can't be reached, or is starting, stopping or out of connections: the same may succeed later.</summary>
    public static bool IsAway(Exception exception)
    {
        foreach (var cause in Causes(exception))
        {
            switch (cause)
            {
                case PostgresException { SqlState: var state }:
                    if (IsAway(state))
                        return true;
                    break;
                case NpgsqlException or SocketException or TimeoutException or IOException:
                // Used in the moment in which it broke, a connection says that it isn't open, or is disposed of.
                case InvalidOperationException { Source: nameof(Npgsql) }:
                    return true;
            }
        }

        return false;
    }

    // 08: connection; 28: not let in, as while a password is changed; 3D: no such database, as while one is restored; 57P:
    // operator intervention; 53: insufficient resources. A server that only reads is about to be
    // the primary, or was; asked for its log of writes it says that it isn't in the state for that.
    private static bool IsAway(string state) =>
        state.StartsWith("08", StringComparison.Ordinal)
        || state.StartsWith("28", StringComparison.Ordinal)
        || state.StartsWith("3D", StringComparison.Ordinal)
        || state.StartsWith("57P", StringComparison.Ordinal)
        || state.StartsWith("53", StringComparison.Ordinal)
        || state is PostgresErrorCodes.ReadOnlySqlTransaction or PostgresErrorCodes.ObjectNotInPrerequisiteState;

    /// <summary>
    /// No connection was free in time: that says nothing of the store. Npgsql has neither a type nor a code for it.
    /// </summary>
    public static bool IsPoolExhausted(Exception exception) =>
        Causes(exception)
            .Any(e =>
                e is NpgsqlException { InnerException: TimeoutException }
                && e.Message.StartsWith("The connection pool has been exhausted", StringComparison.Ordinal)
            );

    /// <summary>
    /// Somebody else was at the same rows: what was to be written has to be decided again from what they left. Nothing was
    /// written.
    /// </summary>
    public static bool IsContention(Exception exception) =>
        Causes(exception)
            .Any(cause =>
                cause is ConcurrencyException
                || cause
                    is PostgresException
                    {
                        SqlState: PostgresErrorCodes.DeadlockDetected
                            or PostgresErrorCodes.SerializationFailure
                            or PostgresErrorCodes.LockNotAvailable
                    }
            );

    /// <summary>The same, and also where somebody else has begun the stream or taken the value of a unique index first.</summary>
    public static bool IsConflict(Exception exception) =>
        IsContention(exception)
        || UniqueIndex(exception) is not null
        || Causes(exception).Any(cause => cause is ExistingStreamIdCollisionException);

    /// <summary>The SQLSTATE of what PostgreSQL answered; null if it wasn't PostgreSQL that failed.</summary>
    public static string? State(Exception exception) =>
        Causes(exception).OfType<PostgresException>().FirstOrDefault()?.SqlState;

    /// <summary>The name of the unique index that a save ran into; null if it was something else.</summary>
    public static string? UniqueIndex(Exception exception) =>
        Causes(exception)
            .OfType<PostgresException>()
            .FirstOrDefault(e => e.SqlState == PostgresErrorCodes.UniqueViolation)
            ?.ConstraintName;

    /// <summary>An exception and all that caused it.</summary>
    public static IEnumerable<Exception> Causes(Exception exception) =>
        exception is AggregateException many ? many.InnerExceptions.SelectMany(Causes).Prepend(many)
        : exception.InnerException is { } inner ? Causes(inner).Prepend(exception)
        : [exception];
}
