using System.Collections.Concurrent;

namespace Coder.Mesh.Load.Placements;

/// <summary>What callers met in a window.</summary>
/// <param name="Seconds">How long it was.</param>
/// <param name="Calls">Answered in it, without those that failed.</param>
/// <param name="Milliseconds">Of each of these calls, in order.</param>
/// <param name="Errors">Calls that failed, by reason; in the whole run, the warm-up included.</param>
internal sealed record LoopFigures(
    double Seconds,
    int Calls,
    IReadOnlyList<double> Milliseconds,
    IReadOnlyDictionary<string, int> Errors
)
{
    public double PerSecond => Calls / Seconds;
}

/// <summary>Callers who each start the next call once the last has been answered: as fast as answers come.</summary>
internal sealed class ClosedLoop(int callers, TimeSpan warmUp, TimeSpan window, TimeProvider time)
{
    // Failures are few kinds; a server that puts an id in each message must not grow this without bound.
    private const int MaxKinds = 32;

    private readonly ConcurrentDictionary<string, int> _errors = new(StringComparer.Ordinal);

    /// <param name="call">One call, by the caller of that number; null when all went well, else why it failed.</param>
    /// <param name="watch">Runs beside them from the window's opening until it is cancelled at its close.</param>
    /// <param name="ct">Ends the run without a result.</param>
    public async Task<LoopFigures> Run(
        Func<int, CancellationToken, Task<string?>> call,
        Func<CancellationToken, Task> watch,
        CancellationToken ct
    )
    {
        var opens = time.GetTimestamp() + (long)(warmUp.TotalSeconds * time.TimestampFrequency);
        var closes = opens + (long)(window.TotalSeconds * time.TimestampFrequency);
        using var closed = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var running = Enumerable.Range(0, callers).Select(i => Task.Run(() => Caller(i, call, opens, closes, ct), ct));
        var watching = Watch(watch, closed.Token);
        var each = await Task.WhenAll(running);
        await closed.CancelAsync();
        await watching;
        double[] milliseconds = [.. each.SelectMany(m => m).Order()];
        return new LoopFigures(window.TotalSeconds, milliseconds.Length, milliseconds, _errors);
    }

    private async Task<List<double>> Caller(
        int number,
        Func<int, CancellationToken, Task<string?>> call,
        long opens,
        long closes,
        CancellationToken ct
    )
    {
        var milliseconds = new List<double>();
        while (true)
        {
            var started = time.GetTimestamp();
            if (started >= closes)
                return milliseconds;
            var failed = await call(number, ct);
            var answered = time.GetTimestamp();
            if (failed is not null)
                Count(failed);
            else if (answered >= opens && answered < closes)
                milliseconds.Add(time.GetElapsedTime(started, answered).TotalMilliseconds);
        }
    }

    private async Task Watch(Func<CancellationToken, Task> watch, CancellationToken closed)
    {
        try
        {
            await Task.Delay(warmUp, time, closed);
            await watch(closed);
        }
        catch (OperationCanceledException)
        {
            // The window has closed.
        }
    }

    private void Count(string kind)
    {
        var key = _errors.ContainsKey(kind) || _errors.Count < MaxKinds ? kind : "other";
        _errors.AddOrUpdate(key, 1, (_, count) => count + 1);
    }
}
