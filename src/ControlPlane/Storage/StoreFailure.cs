using System.Net.Sockets;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.Protocol;
using JasperFx;
using Marten.Exceptions;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Storage;

/// <summary>Distinguishes an unavailable database from failed statements.</summary>
internal static class StoreFailure
{
    /// <summary>The error for callers and agents while the database is unavailable.</summary>
    public static readonly Error Unavailable = new(
        ErrorKind.Unavailable,
        ErrorReasons.StoreUnavailable,
        "The control plane cannot reach its database; try again."
    )
    {
        RetryDelay = TimeSpan.FromSeconds(2),
    };

    /// <summary>
    /// Whether the database cannot be reached, or is starting, stopping or out of connections, so that a retry may
    /// succeed.
    /// </summary>
    public static bool IsUnavailable(Exception exception)
    {
        foreach (var cause in Causes(exception))
        {
            switch (cause)
            {
                case PostgresException { SqlState: var state }:
                    if (IsUnavailable(state))
                        return true;
                    break;
                case NpgsqlException or SocketException or TimeoutException or IOException:
                // A connection that breaks while it is used reports that it is not open, or disposed of.
                case InvalidOperationException { Source: nameof(Npgsql) }:
                    return true;
            }
        }

        return false;
    }

    // 08: connection; 28: not authorized, as while a password is changed; 3D: no such database, as during a restore;
    // 57P: operator intervention; 53: insufficient resources. A read-only server is about to become the primary, or
    // was; queries for its WAL position fail with "object not in prerequisite state".
    private static bool IsUnavailable(string state) =>
        state.StartsWith("08", StringComparison.Ordinal)
        || state.StartsWith("28", StringComparison.Ordinal)
        || state.StartsWith("3D", StringComparison.Ordinal)
        || state.StartsWith("57P", StringComparison.Ordinal)
        || state.StartsWith("53", StringComparison.Ordinal)
        || state
            is PostgresErrorCodes.ReadOnlySqlTransaction
                or PostgresErrorCodes.ObjectNotInPrerequisiteState
                or IdleInTransaction;

    // The session was ended because this process was suspended within a transaction. Over a Unix socket, the client
    // sees a broken connection instead.
    private const string IdleInTransaction = "25P03";

    /// <summary>
    /// Whether no pooled connection was free in time, which says nothing about the database. Npgsql has neither a type
    /// nor a code for it.
    /// </summary>
    public static bool IsPoolExhausted(Exception exception) =>
        Causes(exception)
            .Any(e =>
                e is NpgsqlException { InnerException: TimeoutException }
                && e.Message.StartsWith("The connection pool has been exhausted", StringComparison.Ordinal)
            );

    /// <summary>
    /// Whether another transaction changed the same rows. Nothing was written; the decision has to be made again.
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

    /// <summary>
    /// Whether another transaction changed the same rows, began the same stream, or took the same value of a unique
    /// index.
    /// </summary>
    public static bool IsConflict(Exception exception) =>
        IsContention(exception)
        || UniqueIndex(exception) is not null
        || Causes(exception).Any(cause => cause is ExistingStreamIdCollisionException);

    /// <summary>Returns the SQLSTATE of an error of PostgreSQL; null for other errors.</summary>
    public static string? State(Exception exception) =>
        Causes(exception).OfType<PostgresException>().FirstOrDefault()?.SqlState;

    /// <summary>Returns the name of the violated unique index; null for other errors.</summary>
    public static string? UniqueIndex(Exception exception) =>
        Causes(exception)
            .OfType<PostgresException>()
            .FirstOrDefault(e => e.SqlState == PostgresErrorCodes.UniqueViolation)
            ?.ConstraintName;

    /// <summary>Returns an exception and all of its causes.</summary>
    public static IEnumerable<Exception> Causes(Exception exception) =>
        exception is AggregateException many ? many.InnerExceptions.SelectMany(Causes).Prepend(many)
        : exception.InnerException is { } inner ? Causes(inner).Prepend(exception)
        : [exception];
}
