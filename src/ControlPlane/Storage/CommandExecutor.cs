using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.Protocol;
using Google.Protobuf;
using Npgsql;
using Polly;

namespace Coder.Mesh.ControlPlane.Storage;

/// <summary>
/// Runs every write of the API in one transaction: takes locks, reads, applies the rules, and saves once, together with
/// the row that makes repetitions known. All locks precede the first read and write. So reads see what was committed
/// before, and a transaction that waits for a lock does not delay the readers of the feed.
/// </summary>
internal sealed class CommandExecutor(NpgsqlDataSource database, StoreSessions sessions)
{
    /// <summary>Maximum time that a write waits for one lock.</summary>
    public static readonly TimeSpan LockTimeout = TimeSpan.FromSeconds(5);

    private static readonly ResiliencePipeline<Result<WriteResult>?> Retry = ConflictRetry.Of<Result<WriteResult>?>(r =>
        r is null
    );

    private static readonly Error Contention = new(
        ErrorKind.Aborted,
        ErrorReasons.ConcurrentChange,
        "Others change the same thing all the time, or for long; try again."
    );

    /// <param name="prepare">Resolves the names in the request. Called again after a conflict.</param>
    public async Task<Result<WriteResult>> Run(
        WriteContext context,
        Func<CancellationToken, Task<Result<UnitOfWork>>> prepare,
        CancellationToken ct
    )
    {
        try
        {
            return await Retry.ExecuteAsync(async token => await Attempt(context, prepare, token), ct) ?? Contention;
        }
        catch (Exception e) when (IsCrowded(e))
        {
            return Contention;
        }
    }

    /// <returns>Null if the state that the unit of work was prepared from has changed.</returns>
    private async Task<Result<WriteResult>?> Attempt(
        WriteContext context,
        Func<CancellationToken, Task<Result<UnitOfWork>>> prepare,
        CancellationToken ct
    )
    {
        if (await Earlier(context, ct) is { } earlier)
            return earlier;
        var plan = await prepare(ct);
        if (plan.Error is { } error)
            return error;
        try
        {
            switch (await Once(context, plan.Value, ct))
            {
                case Outcome.Done done:
                    done.Committed?.Invoke();
                    return ToWritten(done);
                case Outcome.Refused refused:
                    return refused.Error;
                default:
                    return null;
            }
        }
        catch (Exception e) when (Taken(plan.Value, e) is { } taken)
        {
            // The name may have been taken by the first call of this repetition.
            return await Earlier(context, ct) ?? taken;
        }
        catch (Exception e) when (IsLockTimeout(e))
        {
            return Contention;
        }
    }

    /// <summary>Returns the result of an earlier call with the same request id; null if there was none.</summary>
    private async Task<Result<WriteResult>?> Earlier(WriteContext context, CancellationToken ct)
    {
        if (context.RequestId.Length == 0)
            return null;
        var earlier = await RequestLog.Find(database, context, ct);
        if (earlier.Error is null && earlier.Value is null)
            return null;
        return earlier!;
    }

    private static WriteResult ToWritten(Outcome.Done done) =>
        new(done.Subject, Repeated: false, done.Response?.ToByteArray()) { Unchanged = done.Unchanged };

    private async Task<Outcome> Once(WriteContext context, UnitOfWork plan, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await Lock(connection, plan.Locks, ct);
        await using var session = sessions.Write(context.Actor, transaction);
        if (context.RequestId.Length > 0)
            session.CausationId = context.RequestId;
        var outcome = await plan.Work(new WriteSession(session, connection), ct);
        if (outcome is not Outcome.Done done)
            return outcome;
        if (context.RequestId.Length > 0)
            RequestLog.Add(session, context, done);
        await session.SaveChangesAsync(ct);
        await sessions.Commit(transaction, ct);
        return done;
    }

    private static async Task Lock(NpgsqlConnection connection, IReadOnlyList<AdvisoryLock> locks, CancellationToken ct)
    {
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(
            new NpgsqlBatchCommand($"set local lock_timeout = {(int)LockTimeout.TotalMilliseconds}")
        );
        foreach (var one in AdvisoryLock.InOrder(locks))
            batch.BatchCommands.Add(one.Command());
        await batch.ExecuteNonQueryAsync(ct);
    }

    private static Error? Taken(UnitOfWork plan, Exception e) =>
        StoreFailure.UniqueIndex(e) is { } index && index != RequestLog.Key ? plan.Taken(index) : null;

    // A violated unique index that the unit of work does not expect is a fault of the control plane.
    private static bool IsCrowded(Exception e) =>
        StoreFailure.IsConflict(e) && StoreFailure.UniqueIndex(e) is null or RequestLog.Key;

    private static bool IsLockTimeout(Exception e) => StoreFailure.State(e) == PostgresErrorCodes.LockNotAvailable;
}
