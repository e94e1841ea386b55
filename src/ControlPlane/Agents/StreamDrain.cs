using System.Diagnostics;

namespace Coder.Mesh.ControlPlane.Agents;

/// <summary>
/// Lets agents' streams end before the server begins to close connections: otherwise a connection may be gone before its
/// agent has heard why.
/// </summary>
internal sealed class StreamDrain(IHostApplicationLifetime lifetime) : IHostedLifecycleService
{
    /// <summary>An agent that doesn't read is not waited for any longer.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(3);

    /// <summary>
    /// A client whose connection closes before it has read the answer loses that: HTTP/2 clients drop what they hold of a
    /// response while their half of the stream is open, as an agent's always is.
    /// </summary>
    private static readonly TimeSpan TimeToRead = TimeSpan.FromMilliseconds(500);

    private readonly Lock _lock = new();
    private readonly Signal _none = new();
    private int _open;

    /// <summary>Counts a stream until its answer has been sent whole, status and all.</summary>
    public void Enter(HttpContext context)
    {
        lock (_lock)
            _open++;
        context.Response.OnCompleted(Leave);
    }

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        // The sessions listen to this; it may have been said already, by a signal.
        lifetime.StopApplication();
        if (Open == 0)
            return;
        // The host's own clock: its time to stop runs on it too.
        var started = Stopwatch.GetTimestamp();
        while (Open > 0 && Limit - Stopwatch.GetElapsedTime(started) is { Ticks: > 0 } left)
            await _none.Wait(left, TimeProvider.System, cancellationToken);
        await Task.Delay(TimeToRead, cancellationToken);
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private int Open
    {
        get
        {
            lock (_lock)
                return _open;
        }
    }

    private Task Leave()
    {
        lock (_lock)
            _open--;
        _none.Set();
        return Task.CompletedTask;
    }
}
