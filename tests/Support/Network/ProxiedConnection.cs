using System.Net;
using System.Net.Sockets;

namespace Coder.Mesh.Tests.Support.Network;

/// <summary>One connection through a <see cref="FaultProxy"/>.</summary>
public sealed class ProxiedConnection : IDisposable
{
    private readonly Socket _client;
    private readonly Socket _upstream;
    private readonly Pump _toUpstream;
    private readonly Pump _toClient;
    private readonly CancellationTokenSource _stop = new();
    private int _closed;

    internal ProxiedConnection(Socket client, Socket upstream, TimeProvider time)
    {
        (_client, _upstream) = (client, upstream);
        (Upstream, Ended) = ((IPEndPoint)upstream.RemoteEndPoint!, Task.CompletedTask);
        _toUpstream = new Pump(client, upstream, this, time);
        _toClient = new Pump(upstream, client, this, time);
    }

    /// <summary>Where it goes.</summary>
    public IPEndPoint Upstream { get; }

    /// <summary>Ends when both ends have hung up, or the connection was reset.</summary>
    public Task Ended { get; private set; }

    /// <summary>Whether it was reset, by either end or by a fault.</summary>
    public bool WasReset => Volatile.Read(ref _closed) == 1;

    /// <summary>How many bytes have arrived so far.</summary>
    public long Delivered(Direction direction) => Pumps(direction).Sum(pump => pump.Delivered);

    /// <summary>Ends when something was swallowed.</summary>
    public Task Lost(Direction direction) => Task.WhenAny(Pumps(direction).Select(pump => pump.Lost));

    /// <summary>From now on this becomes of its bytes, in place of what was set before.</summary>
    public void Set(Direction direction, Fault fault)
    {
        var reset = false;
        foreach (var pump in Pumps(direction))
            reset |= pump.Set(fault);
        if (reset)
            Reset();
    }

    /// <summary>Both ends see the connection reset, now.</summary>
    public void Reset()
    {
        if (Interlocked.Exchange(ref _closed, 1) != 0)
            return;
        foreach (var socket in (Socket[])[_client, _upstream])
        {
            socket.LingerState = new LingerOption(enable: true, seconds: 0);
            socket.Dispose();
        }

        _stop.Cancel();
    }

    void IDisposable.Dispose() => Reset();

    internal void Start() => Ended = Run();

    // Who writes to an end that is gone learns of it, unless that way is cut too.
    internal void TargetBroke(Pump pump)
    {
        if ((pump == _toUpstream ? _toClient : _toUpstream).Swallows)
            pump.Set(Fault.Swallow);
        else
            Reset();
    }

    private async Task Run()
    {
        try
        {
            await Task.WhenAll(_toUpstream.Run(_stop.Token), _toClient.Run(_stop.Token));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // A reset ends both pumps, each where it happens to be.
        }

        if (Interlocked.CompareExchange(ref _closed, 2, 0) == 0)
        {
            _client.Dispose();
            _upstream.Dispose();
        }
    }

    private IEnumerable<Pump> Pumps(Direction direction)
    {
        if (direction.HasFlag(Direction.ToUpstream))
            yield return _toUpstream;
        if (direction.HasFlag(Direction.ToClient))
            yield return _toClient;
    }
}
