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
internal sealed class CommandExecutor(NpgsqlDataSource database, StoreSessions sessions, TimeProvider time)
{
    /// <summary>Maximum time that a write waits for one lock.</summary>
    public static readonly TimeSpan LockTimeout = TimeSpan.FromSeconds(5);

    private static readonly ResiliencePipeline<Result<WriteResult>?> Retry = ConflictRetry.Of<Result<WriteResult>?>(r =>
        r is null
    );

    private static readonly Error Contention = new(
        ErrorKind.Aborted,
        ErrorReasons.ConcurrentChange,
        "The resource is being modified by other requests. Try again."
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
        catch (Exception e) when (IsContention(e))
        {
            return Contention;
        }
    }

    /// <summary>
    /// Creates a group of units of work that have the same locks, all of them shared, and different streams. Units that
    /// arrive while the group is busy share transactions.
    /// </summary>
    public TransactionGroup CreateGroup() => new(Transact, time);

    /// <returns>Null if the state that the unit of work was prepared from has changed.</returns>
    private async Task<Result<WriteResult>?> Attempt(
        WriteContext context,
        Func<CancellationToken, Task<Result<UnitOfWork>>> prepare,
        CancellationToken ct
    )
    {
        // Repetitions are rare, and the table of request ids is unique: it is queried only where the write fails.
        var unit = await prepare(ct);
        if (unit.Error is { } error)
            return await Earlier(context, ct) ?? error;
        try
        {
            switch (await Once(new Write(context, unit.Value), ct))
            {
                case Outcome.Done done:
                    return ToWriteResult(done);
                case Outcome.Refused refused:
                    return await Earlier(context, ct) ?? refused.Error;
                default:
                    return null;
            }
        }
        catch (Exception e) when (StoreFailure.UniqueIndex(e) == RequestLog.Key)
        {
            return await Earlier(context, ct);
        }
        catch (Exception e) when (AlreadyExists(unit.Value, e) is { } exists)
        {
            // The name may have been taken by the first call of this repetition.
            return await Earlier(context, ct) ?? exists;
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

    private static WriteResult ToWriteResult(Outcome.Done done) =>
        new(done.Subject, Repeated: false, done.Response?.ToByteArray()) { Unchanged = done.Unchanged };

    private async Task<Outcome> Once(Write write, CancellationToken ct) =>
        write.Unit.Group is { } group ? await group.Run(write, ct) : (await Transact([write], ct))[0];

    /// <summary>Runs units of work in one transaction. Those that are refused write nothing.</summary>
    /// <param name="writes">Have equal locks.</param>
    private async Task<IReadOnlyList<Outcome>> Transact(IReadOnlyList<Write> writes, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        if (!await Lock(connection, writes[0].Unit.Locks, ct))
            return [.. writes.Select(_ => (Outcome)Contention)];
        await using var session = sessions.Write(writes[0].Context.Actor, transaction);
        var shared = new WriteSession(session, connection);
        var outcomes = new List<Outcome>();
        foreach (var write in writes)
        {
            var outcome = await write.Unit.Work(shared, ct);
            session.Sign(write.Context);
            if (outcome is Outcome.Done done && write.Context.RequestId.Length > 0)
                RequestLog.Add(session, write.Context, done);
            outcomes.Add(outcome);
        }

        if (!outcomes.Exists(o => o is Outcome.Done))
            return outcomes;
        await session.SaveChangesAsync(ct);
        await sessions.Commit(transaction, ct);
        foreach (var done in outcomes.OfType<Outcome.Done>())
            done.Committed?.Invoke();
        return outcomes;
    }

    /// <returns>False if a lock was not free in time.</returns>
    private static async Task<bool> Lock(
        NpgsqlConnection connection,
        IReadOnlyList<AdvisoryLock> locks,
        CancellationToken ct
    )
    {
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(
            new NpgsqlBatchCommand($"set local lock_timeout = {(int)LockTimeout.TotalMilliseconds}")
        );
        foreach (var one in AdvisoryLock.InOrder(locks))
            batch.BatchCommands.Add(one.Command());
        try
        {
            await batch.ExecuteNonQueryAsync(ct);
            return true;
        }
        catch (Exception e) when (IsLockTimeout(e))
        {
            return false;
        }
    }

    private static Error? AlreadyExists(UnitOfWork unit, Exception e) =>
        StoreFailure.UniqueIndex(e) is { } index && index != RequestLog.Key ? unit.AlreadyExists(index) : null;

    // A violated unique index that the unit of work does not expect is a fault of the control plane.
    private static bool IsContention(Exception e) =>
        StoreFailure.IsConflict(e) && StoreFailure.UniqueIndex(e) is null or RequestLog.Key;

    private static bool IsLockTimeout(Exception e) => StoreFailure.State(e) == PostgresErrorCodes.LockNotAvailable;
}
