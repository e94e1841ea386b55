using System.Diagnostics;

namespace Coder.Mesh.ControlPlane.Presence;

/// <summary>
/// Tells whether this process has been held up: stopped, suspended, or starved. Nobody's silence is held against him for a
/// time in which this side didn't listen. Always in the machine's own time.
/// </summary>
internal class PauseDetector : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(0.5);

    /// <summary>Less than three of the shortest heartbeats, so that no pause that could look like silence is missed.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1.5);

    private readonly Lock _lock = new();
    private readonly Timer _timer;
    private long _last = Stopwatch.GetTimestamp();
    private int _pauses;

    public PauseDetector() => _timer = new Timer(_ => Beat(), null, Interval, Interval);

    /// <summary>How many pauses there have been; one that ends with this very call counts.</summary>
    public virtual int Pauses => Beat();

    /// <summary>The same without looking at the clock, for every frame.</summary>
    public virtual int KnownPauses => Volatile.Read(ref _pauses);

    public void Dispose() => _timer.Dispose();

    private int Beat()
    {
        lock (_lock)
        {
            var now = Stopwatch.GetTimestamp();
            if (Stopwatch.GetElapsedTime(_last, now) > Pause)
                _pauses++;
            _last = now;
            return _pauses;
        }
    }
}
