namespace Coder.Mesh.Shared;

/// <summary>
/// Lets what is asked for again and again happen at once the first time, then after growing pauses: where somebody else
/// keeps changing a workspace back, the two of them must not make a hot loop.
/// </summary>
/// <param name="capacity">Keys that are remembered. Those beyond it aren't repeated: a snapshot finds them.</param>
internal sealed class PacedRepeats(TimeProvider time, int capacity) : IDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    // Whoever is quiet for so long begins anew.
    private static readonly TimeSpan Memory = TimeSpan.FromMinutes(10);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Repeat> _repeats = [];
    private bool _disposed;

    private sealed record Repeat(DateTimeOffset At, TimeSpan Pause, ITimer? Timer);

    /// <param name="due">Called with the key when its time has come; on whatever thread.</param>
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
            _repeats[key] = new Repeat(time.GetUtcNow(), longer < LongestPause ? longer : LongestPause, null);
        }

        due(key);
    }
}
