using System.Diagnostics;
using Coder.Mesh.ControlPlane.Base;

namespace Coder.Mesh.ControlPlane.Storage;

/// <param name="Size">Maximum number of requests in one batch.</param>
/// <param name="Workers">Maximum number of batches that run at once.</param>
/// <param name="MaxWaiting">Maximum number of requests that wait while all workers are busy.</param>
/// <param name="MaxWait">
/// Maximum time that a request waits before it is run, chosen below the patience of its callers.
/// </param>
internal sealed record BatchLimits(int Size, int Workers, int MaxWaiting, TimeSpan MaxWait)
{
    /// <summary>For requests that wait as long as it takes, because their number is bounded elsewhere.</summary>
    public static BatchLimits Patient(int size, int workers) => new(size, workers, int.MaxValue, TimeSpan.MaxValue);
}

/// <summary>
/// Runs requests of many callers together, so that a crowd costs few round trips to the database. A request that
/// arrives while a worker is free is run immediately; requests that wait for one form the next batches. Waiting is
/// bounded by time: requests of callers that have left are dropped, and requests that would wait too long are refused
/// with the time at which there is room for them. A batch that fails is repeated in halves, so that one request fails
/// no other.
/// </summary>
/// <param name="run">Returns one result for each request, in order.</param>
/// <param name="refusal">Creates the error of a refused request from its retry delay.</param>
/// <param name="key">Requests with equal keys are run in different batches; null if all may be run together.</param>
/// <param name="unclaimed">Receives the results of requests whose callers have left while they ran.</param>
/// <param name="health">Ends waiting while the database is unavailable; null for requests that have to wait.</param>
internal sealed class Batcher<TRequest, TResult>(
    BatchLimits limits,
    Func<IReadOnlyList<TRequest>, CancellationToken, Task<IReadOnlyList<TResult>>> run,
    Func<TimeSpan, Error> refusal,
    StoreHealth? health,
    TimeProvider time,
    Func<TRequest, string>? key = null,
    Func<TResult, Task>? unclaimed = null
)
{
    private readonly Lock _lock = new();
    private readonly Queue<Item> _waiting = new();
    private readonly BatchRate _rate = new(limits, time);
    private int _workers;

    private sealed record Item(TRequest Request, long Since)
    {
        public volatile bool Abandoned;

        public Activity? Trace { get; } = Activity.Current;

        public TaskCompletionSource<Result<TResult>> Result { get; } =
            new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>Number of requests that wait for a worker.</summary>
    public int Waiting
    {
        get
        {
            lock (_lock)
                return _waiting.Count;
        }
    }

    /// <summary>Runs a request in one of the next batches.</summary>
    /// <param name="ct">Drops the request while it waits. A batch that runs is not cancelled.</param>
    /// <returns>
    /// The result; or an error if the request would wait too long, or the database is unavailable while it waits.
    /// </returns>
    public async Task<Result<TResult>> Run(TRequest request, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        var item = new Item(request, time.GetTimestamp());
        if (Enqueue(item) is { } delay)
            return refusal(delay);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(
            ct,
            health?.Unreachable ?? CancellationToken.None
        );
        try
        {
            return await item.Result.Task.WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (either.IsCancellationRequested)
        {
            item.Abandoned = true;
            if (unclaimed is not null)
                _ = Return(item.Result.Task, unclaimed);
            ct.ThrowIfCancellationRequested();
            return StoreFailure.Unavailable;
        }
    }

    /// <returns>The retry delay of a refused request; null if it waits.</returns>
    private TimeSpan? Enqueue(Item item)
    {
        lock (_lock)
        {
            var full = _workers >= limits.Workers && _waiting.Count >= limits.MaxWaiting;
            if (full || _rate.IsTooLong(_waiting.Count))
                return _rate.Delay(_waiting.Count);
            _waiting.Enqueue(item);
            if (_workers < limits.Workers)
            {
                _workers++;
                using (ExecutionContext.SuppressFlow())
                    _ = Task.Run(Work, CancellationToken.None);
            }

            return null;
        }
    }

    private async Task Work()
    {
        while (Take() is { Count: > 0 } batch)
        {
            var begun = time.GetTimestamp();
            await RunBatch(batch);
            lock (_lock)
                _rate.Ran(time.GetElapsedTime(begun));
        }
    }

    /// <returns>Empty if there is nothing to do; the worker has ended then.</returns>
    private List<Item> Take()
    {
        var batch = new List<Item>();
        lock (_lock)
        {
            var (keys, later) = (new HashSet<string>(StringComparer.Ordinal), new List<Item>());
            while (batch.Count < limits.Size && _waiting.TryDequeue(out var item))
            {
                if (item.Abandoned)
                    continue;
                if (time.GetElapsedTime(item.Since) > limits.MaxWait)
                    item.Result.TrySetResult(refusal(_rate.Delay(_waiting.Count)));
                else if (key is not null && !keys.Add(key(item.Request)))
                    later.Add(item);
                else
                    batch.Add(item);
            }

            foreach (var item in later)
                _waiting.Enqueue(item);

            if (batch.Count == 0)
                _workers--;
        }

        return batch;
    }

    private async Task RunBatch(IReadOnlyList<Item> batch)
    {
        // A batch of many belongs to no trace of its callers.
        Activity.Current = batch is [var only] ? only.Trace : null;
        try
        {
            var results = await run([.. batch.Select(i => i.Request)], CancellationToken.None);
            for (var i = 0; i < batch.Count; i++)
                batch[i].Result.TrySetResult(Result.Of(results[i]));
        }
        catch (Exception e) when (batch.Count > 1 && !StoreFailure.IsUnavailable(e))
        {
            // One bad request costs a few smaller batches.
            await RunBatch([.. batch.Take(batch.Count / 2)]);
            await RunBatch([.. batch.Skip(batch.Count / 2)]);
        }
        catch (Exception e)
        {
            foreach (var item in batch)
                item.Result.TrySetException(e);
        }
    }

    private static async Task Return(Task<Result<TResult>> late, Func<TResult, Task> unclaimed)
    {
        try
        {
            if (await late is { Error: null } done)
                await unclaimed(done.Value);
        }
        catch (Exception)
        {
            // Nothing was stored, or the replica stops.
        }
    }
}

/// <summary>Estimates how long requests wait, from the durations of the last batches. Not thread-safe.</summary>
internal sealed class BatchRate(BatchLimits limits, TimeProvider time)
{
    /// <summary>Weight of the last batch in the average.</summary>
    private const double Weight = 0.5;

    private readonly RetryReservations _reservations = new(time);

    /// <summary>
    /// Average duration of a batch, whatever its size: requests of a batch share their round trips, so that a full one
    /// takes little longer than a small one.
    /// </summary>
    private TimeSpan _batch;

    /// <summary>Records a batch that has run.</summary>
    public void Ran(TimeSpan lasted) =>
        _batch = _batch == TimeSpan.Zero ? lasted : _batch + (Weight * (lasted - _batch));

    /// <summary>Whether a request that arrives now would wait too long.</summary>
    public bool IsTooLong(int waiting) => Wait(waiting) > limits.MaxWait;

    /// <summary>Returns the time until there is room for a refused request, and reserves it.</summary>
    public TimeSpan Delay(int waiting) => _reservations.Next(Wait(waiting), Wait(1));

    private TimeSpan Wait(int waiting) => waiting * _batch / ((double)limits.Size * limits.Workers);
}
