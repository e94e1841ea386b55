using System.Diagnostics;

namespace Coder.Mesh.ControlPlane.Presence;

/// <summary>
/// Detects that this process was stopped, suspended or starved. Silence is not counted while this process was suspended
/// and could not receive. Uses the machine's own clock, also in tests.
/// </summary>
internal class PauseDetector : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(0.5);

    /// <summary>
    /// Less than three of the shortest heartbeats, so that every pause that could look like silence is detected.
    /// </summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1.5);

    private readonly Lock _lock = new();
    private readonly Timer _timer;
    private long _last = Stopwatch.GetTimestamp();
    private int _pauses;

    public PauseDetector() => _timer = new Timer(_ => Beat(), null, Interval, Interval);

    /// <summary>Number of pauses so far, including one that this call ends.</summary>
    public virtual int Pauses => Beat();

    /// <summary>Number of pauses so far, without reading the clock; cheap enough for every frame.</summary>
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
