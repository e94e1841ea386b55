using System.Diagnostics;
using Coder.Mesh.ControlPlane.Base;

namespace Coder.Mesh.ControlPlane.Edge;

/// <summary>
/// Counts streams that the server ends itself when it stops, so that connections are closed only after their clients have
/// been told why.
/// </summary>
internal sealed class OpenStreams
{
    /// <summary>
    /// A client whose connection closes before it has read the answer may lose that: HTTP/2 clients drop what they hold of a
    /// response while their half of the stream is open, as an agent's always is.
    /// </summary>
    private static readonly TimeSpan TimeToRead = TimeSpan.FromMilliseconds(500);

    private readonly Lock _lock = new();
    private readonly Signal _left = new();
    private int _open;
    private long? _lastLeft;

    /// <summary>Counts a stream until its answer is with the server whole, status and all.</summary>
    public void Enter(HttpContext context)
    {
        lock (_lock)
            _open++;
        context.Response.OnCompleted(Leave);
    }

    /// <summary>Waits until all have ended and the last has been read. What doesn't read is not waited for any longer.</summary>
    public async Task WaitForEnds(TimeSpan limit, CancellationToken ct)
    {
        // The host's own clock: its time to stop runs on it too.
        var started = Stopwatch.GetTimestamp();
        while (Open > 0 && limit - Stopwatch.GetElapsedTime(started) is { Ticks: > 0 } left)
            await _left.Wait(left, TimeProvider.System, ct);
        if (TimeToRead - SinceLastLeft is { Ticks: > 0 } rest)
            await Task.Delay(rest, ct);
    }

    private int Open
    {
        get
        {
            lock (_lock)
                return _open;
        }
    }

    private TimeSpan SinceLastLeft
    {
        get
        {
            lock (_lock)
                return _lastLeft is { } left ? Stopwatch.GetElapsedTime(left) : TimeSpan.MaxValue;
        }
    }

    private Task Leave()
    {
        lock (_lock)
        {
            _open--;
            _lastLeft = Stopwatch.GetTimestamp();
        }

        _left.Set();
        return Task.CompletedTask;
    }
}
