using System.Diagnostics;
using Coder.Mesh.ControlPlane.Base;

namespace Coder.Mesh.ControlPlane.Edge;

/// <summary>
/// Counts the streams that the server ends when it stops, so that connections are closed only after clients have
/// received the final status.
/// </summary>
internal sealed class OpenStreams
{
    /// <summary>
    /// Time for a client to read the final status. HTTP/2 clients discard an unread response when the connection closes
    /// while their side of the stream is open, as that of an agent always is.
    /// </summary>
    private static readonly TimeSpan TimeToRead = TimeSpan.FromMilliseconds(500);

    private readonly Lock _lock = new();
    private readonly AsyncAutoResetEvent _left = new();
    private int _open;
    private long? _lastLeft;

    /// <summary>Counts a stream until its response, including the status, is complete.</summary>
    public void Enter(HttpContext context)
    {
        lock (_lock)
            _open++;
        context.Response.OnCompleted(Leave);
    }

    /// <summary>Waits until all streams have ended, and then until clients had time to read the last status.</summary>
    public async Task WaitForEnds(TimeSpan limit, CancellationToken ct)
    {
        // Real time, since the shutdown timeout of the host runs on it too.
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
