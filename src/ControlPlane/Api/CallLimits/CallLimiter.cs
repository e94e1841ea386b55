using System.Threading.RateLimiting;
using Coder.Mesh.ControlPlane.Api.Calls;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Watches;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Api.CallLimits;

/// <summary>
/// Limits concurrent API calls before they use the database: fair per token, with a bounded queue. Excess calls are
/// refused with a retry delay. While the database is unavailable, no call waits for it.
/// </summary>
internal sealed class CallLimiter : IDisposable
{
    /// <summary>
    /// Maximum number of watches that start at once, in addition to other calls; each reads its position.
    /// </summary>
    private const int BeginningWatches = 8;

    /// <summary>Calls of one token that are admitted however many others there are.</summary>
    private const int AlwaysWaiting = 4;

    private static readonly TimeSpan MaxBeginning = TimeSpan.FromSeconds(30);

    private readonly PartitionedRateLimiter<string> _few;
    private readonly ConcurrencyLimiter _crowd;
    private readonly PartitionedRateLimiter<string> _turns;
    private readonly ConcurrencyLimiter _watches;
    private readonly ConcurrencyLimiter _beginnings;
    private readonly TimeSpan _maxWait;
    private readonly StoreHealth _health;
    private readonly TimeProvider _time;

    public CallLimiter(
        IOptions<CallLimitOptions> options,
        WatchLimits watches,
        NpgsqlDataSource database,
        StoreHealth health,
        TimeProvider time
    )
    {
        (_health, _time, _maxWait) = (health, time, options.Value.MaxWait);
        var pool = new NpgsqlConnectionStringBuilder(database.ConnectionString).MaxPoolSize;
        var concurrent = Math.Clamp(options.Value.Concurrent, 1, Math.Max(1, pool / 2));
        _few = For(caller => caller, AlwaysWaiting, waiting: 0);
        _crowd = new ConcurrencyLimiter(Limit(concurrent + options.Value.Waiting, 0));
        // The second limiter queues only calls that the first one admitted.
        _turns = PartitionedRateLimiter.CreateChained(
            For(caller => caller, Math.Max(1, concurrent / 2), options.Value.WaitingPerCaller),
            For(_ => "", concurrent, waiting: int.MaxValue)
        );
        _watches = new ConcurrencyLimiter(Limit(watches.Watches, 0));
        _beginnings = new ConcurrencyLimiter(Limit(Math.Min(BeginningWatches, concurrent), watches.Watches));
    }

    /// <param name="caller">The token that the permit counts for.</param>
    /// <param name="left">Time until the deadline of the call; null if it has none.</param>
    /// <returns>The permit, to be disposed of when the call has ended.</returns>
    public async Task<Result<IDisposable>> Call(string caller, TimeSpan? left, CancellationToken ct)
    {
        var admitted = Admit(caller);
        if (admitted.Error is not null)
            return admitted;
        try
        {
            var turn = await Enter(
                cancel => _turns.AcquireAsync(caller, 1, cancel),
                _turns.AttemptAcquire(caller),
                _maxWait,
                left,
                ct
            );
            if (turn.Error is null)
                return new Both(admitted.Value, turn.Value);
            admitted.Value.Dispose();
            return turn;
        }
        catch
        {
            admitted.Value.Dispose();
            throw;
        }
    }

    /// <returns>The permit of a watch, to be disposed of when it has ended.</returns>
    public Result<IDisposable> Watch() => Granted(_watches.AttemptAcquire(), WatchErrors.TooMany);

    /// <returns>The permit to start a watch, to be disposed of once it has started.</returns>
    public Task<Result<IDisposable>> Beginning(TimeSpan? left, CancellationToken ct) =>
        Enter(cancel => _beginnings.AcquireAsync(1, cancel), _beginnings.AttemptAcquire(), MaxBeginning, left, ct);

    public void Dispose()
    {
        _few.Dispose();
        _crowd.Dispose();
        _turns.Dispose();
        _watches.Dispose();
        _beginnings.Dispose();
    }

    private Result<IDisposable> Admit(string caller)
    {
        var few = Granted(_few.AttemptAcquire(caller), NoPermit());
        return few.Error is null ? few : Granted(_crowd.AttemptAcquire(), NoPermit());
    }

    private async Task<Result<IDisposable>> Enter(
        Func<CancellationToken, ValueTask<RateLimitLease>> wait,
        RateLimitLease atOnce,
        TimeSpan most,
        TimeSpan? left,
        CancellationToken ct
    )
    {
        if (atOnce.IsAcquired)
            return atOnce;
        atOnce.Dispose();
        using var late = new CancellationTokenSource(left < most ? left.Value : most, _time);
        using var any = CancellationTokenSource.CreateLinkedTokenSource(ct, late.Token, _health.Unreachable);
        try
        {
            return Granted(await wait(any.Token), NoPermit());
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return left < most && late.IsCancellationRequested ? CallErrors.DeadlineExceeded : NoPermit();
        }
    }

    /// <summary>
    /// While the database does not respond, permits are not returned; this is not reported as too many calls.
    /// </summary>
    private Error NoPermit() =>
        _health.Unreachable.IsCancellationRequested ? StoreFailure.Unavailable : CallErrors.TooManyCalls();

    private static Result<IDisposable> Granted(RateLimitLease lease, Error otherwise)
    {
        if (lease.IsAcquired)
            return lease;
        lease.Dispose();
        return otherwise;
    }

    private static PartitionedRateLimiter<string> For(Func<string, string> partition, int permits, int waiting) =>
        PartitionedRateLimiter.Create<string, string>(caller =>
            RateLimitPartition.GetConcurrencyLimiter(partition(caller), _ => Limit(permits, waiting))
        );

    private static ConcurrencyLimiterOptions Limit(int permits, int waiting) =>
        new()
        {
            PermitLimit = permits,
            QueueLimit = waiting,
            QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
        };

    private sealed class Both(IDisposable admitted, IDisposable turn) : IDisposable
    {
        public void Dispose()
        {
            turn.Dispose();
            admitted.Dispose();
        }
    }
}
