namespace Coder.Mesh.Shared;

/// <summary>
/// Delays repeated requests increasingly; the first one is immediate. Prevents a hot loop where somebody else keeps
/// reverting a change.
/// </summary>
/// <param name="capacity">Maximum number of keys. Requests beyond it are dropped; a snapshot detects them.</param>
internal sealed class PacedRepeats(TimeProvider time, int capacity) : IDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MaxPause = TimeSpan.FromMinutes(1);

    // A key without requests for this long starts again.
    private static readonly TimeSpan Memory = TimeSpan.FromMinutes(10);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Repeat> _repeats = [];
    private bool _disposed;

    private sealed record Repeat(DateTimeOffset At, TimeSpan Pause, ITimer? Timer);

    /// <param name="due">Called with the key when its delay has passed, on any thread.</param>
    public void Ask(string key, Action<string> due)
    {
        lock (_lock)
        {
            if (_disposed || _repeats.GetValueOrDefault(key) is { Timer: not null })
                return;
            var now = time.GetUtcNow();
            if (_repeats.GetValueOrDefault(key) is not { } last || now - last.At >= Memory)
            {
                if (!Remembered(key, now))
                    return;
                _repeats[key] = new Repeat(now, FirstPause, null);
            }
            else
            {
                var wait = last.At + last.Pause - now;
                _repeats[key] = last with
                {
                    Timer = time.CreateTimer(
                        _ => Elapsed(key, due),
                        null,
                        wait > TimeSpan.Zero ? wait : TimeSpan.Zero,
                        Timeout.InfiniteTimeSpan
                    ),
                };
                return;
            }
        }

        due(key);
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            foreach (var repeat in _repeats.Values)
                repeat.Timer?.Dispose();
            _repeats.Clear();
        }
    }

    private bool Remembered(string key, DateTimeOffset now)
    {
        if (_repeats.Count < capacity || _repeats.ContainsKey(key))
            return true;
        foreach (var (old, _) in _repeats.Where(r => r.Value.Timer is null && now - r.Value.At >= Memory).ToList())
            _repeats.Remove(old);
        return _repeats.Count < capacity;
    }

    private void Elapsed(string key, Action<string> due)
    {
        lock (_lock)
        {
            if (_disposed || !_repeats.TryGetValue(key, out var repeat))
                return;
            repeat.Timer?.Dispose();
            var longer = 2 * repeat.Pause;
            _repeats[key] = new Repeat(time.GetUtcNow(), longer < MaxPause ? longer : MaxPause, null);
        }

        due(key);
    }
}
