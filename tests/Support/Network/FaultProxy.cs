using System.Net;
using System.Net.Sockets;

namespace Coder.Mesh.Tests.Support.Network;

/// <summary>
/// A TCP proxy on loopback whose network can be made worse while it runs, for all connections or for one. Over several
/// upstreams it is a balancer: round robin, past those that refuse.
/// </summary>
public sealed class FaultProxy : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<ProxiedConnection, Task> _open = [];
    private readonly List<TaskCompletionSource<ProxiedConnection>> _awaited = [];
    private readonly Dictionary<Direction, Fault> _faults = new()
    {
        [Direction.ToUpstream] = Fault.None,
        [Direction.ToClient] = Fault.None,
    };
    private readonly IReadOnlyList<IPEndPoint> _upstreams;
    private readonly TimeProvider _time;
    private readonly Task _accepting;
    private int _turn;
    private int _disposed;

    private FaultProxy(IReadOnlyList<IPEndPoint> upstreams, TimeProvider time)
    {
        (_upstreams, _time) = (upstreams, time);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(512);
        Endpoint = (IPEndPoint)_listener.LocalEndPoint!;
        _accepting = Task.Run(Accept);
    }

    /// <summary>Where clients find it.</summary>
    public IPEndPoint Endpoint { get; }

    /// <summary>The same for HTTP without TLS.</summary>
    public string Address => $"http://{Endpoint}";

    /// <summary>Those that are open now.</summary>
    public IReadOnlyList<ProxiedConnection> Connections
    {
        get
        {
            lock (_lock)
                return [.. _open.Keys];
        }
    }

    public static FaultProxy Start(params IReadOnlyList<IPEndPoint> upstreams) => Start(TimeProvider.System, upstreams);

    /// <param name="time">Measures the delays.</param>
    public static FaultProxy Start(TimeProvider time, params IReadOnlyList<IPEndPoint> upstreams) =>
        new(upstreams, time);

    /// <summary>The next connection that comes through from now on.</summary>
    public Task<ProxiedConnection> Next()
    {
        var awaited = new TaskCompletionSource<ProxiedConnection>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
            _awaited.Add(awaited);
        return awaited.Task;
    }

    /// <summary>From now on this becomes of all bytes, of connections that are open and of those to come.</summary>
    public void Set(Direction direction, Fault fault)
    {
        IReadOnlyList<ProxiedConnection> open;
        lock (_lock)
        {
            foreach (var one in _faults.Keys.Where(d => direction.HasFlag(d)))
                _faults[one] = fault;
            open = [.. _open.Keys];
        }

        foreach (var connection in open)
            connection.Set(direction, fault);
    }

    /// <summary>
    /// The same for those only that are open: what is dialled afterwards finds the network as it was.
    /// </summary>
    public void SetOpen(Direction direction, Fault fault)
    {
        foreach (var connection in Connections)
            connection.Set(direction, fault);
    }

    /// <summary>Resets all that are open.</summary>
    public void Reset()
    {
        foreach (var connection in Connections)
            connection.Reset();
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        List<Task> open;
        lock (_lock)
        {
            open = [.. _open.Values];
            _awaited.ForEach(awaited => awaited.TrySetCanceled());
        }

        Reset();
        await Task.WhenAll(open);
        _stop.Dispose();
    }

    private async Task Accept()
    {
        try
        {
            while (true)
                await Serve(await _listener.AcceptAsync(_stop.Token));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Disposing ends it so.
        }
    }

    // One after the other: on loopback an upstream accepts or refuses at once.
    private async Task Serve(Socket client)
    {
        if (await Dial() is not { } upstream)
        {
            client.LingerState = new LingerOption(enable: true, seconds: 0);
            client.Dispose();
            return;
        }

        client.NoDelay = upstream.NoDelay = true;
        var connection = new ProxiedConnection(client, upstream, _time);
        List<TaskCompletionSource<ProxiedConnection>> awaited;
        lock (_lock)
        {
            foreach (var (direction, fault) in _faults)
                connection.Set(direction, fault);
            connection.Start();
            _open.Add(connection, Forget(connection));
            awaited = [.. _awaited];
            _awaited.Clear();
        }

        awaited.ForEach(one => one.TrySetResult(connection));
    }

    private async Task<Socket?> Dial()
    {
        var first = _turn++;
        for (var tried = 0; tried < _upstreams.Count; tried++)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await socket.ConnectAsync(_upstreams[(first + tried) % _upstreams.Count], _stop.Token);
                return socket;
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException)
            {
                socket.Dispose();
            }
        }

        return null;
    }

    private async Task Forget(ProxiedConnection connection)
    {
        await connection.Ended;
        await Task.Yield(); // Serve holds the lock while it adds what may have ended already.
        lock (_lock)
            _open.Remove(connection);
    }
}
