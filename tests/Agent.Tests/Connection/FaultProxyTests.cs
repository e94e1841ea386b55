using System.Net;
using System.Net.Sockets;
using System.Text;
using Coder.Mesh.Agent.Tests.Fakes;
using Coder.Mesh.Tests.Support.Network;

namespace Coder.Mesh.Agent.Tests.Connection;

public sealed class FaultProxyTests : IAsyncDisposable
{
    private readonly List<IDisposable> _sockets = [];
    private FaultProxy? _proxy;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Bytes_and_the_end_of_them_arrive_both_ways()
    {
        var (client, server, connection) = await Pair();

        await Send(client, "ping");
        Assert.Equal("ping", await Receive(server, 4));
        await Send(server, "pong!");
        server.Shutdown(SocketShutdown.Send);
        Assert.Equal("pong!", await Receive(client, 99));
        await Send(client, "more");
        client.Shutdown(SocketShutdown.Send);
        Assert.Equal("more", await Receive(server, 99));

        await connection.Ended.WaitAsync(Patience.Limit, Ct);
        Assert.False(connection.WasReset);
        Assert.Equal((8, 5), (connection.Delivered(Direction.ToUpstream), connection.Delivered(Direction.ToClient)));
    }

    [Fact]
    public async Task Delayed_bytes_arrive_when_their_time_has_come_and_the_other_way_is_as_quick_as_before()
    {
        var time = new ObservedTime();
        var (client, server, connection) = await Pair(time);
        connection.Set(Direction.ToUpstream, Fault.Delay(TimeSpan.FromSeconds(3)));

        var armed = time.Armed(TimeSpan.FromSeconds(3));
        await Send(client, "late");
        await armed.WaitAsync(Patience.Limit, Ct);
        time.Advance(TimeSpan.FromSeconds(2.9));
        await Send(server, "quick");
        Assert.Equal("quick", await Receive(client, 5));
        Assert.Equal(0, connection.Delivered(Direction.ToUpstream));
        time.Advance(TimeSpan.FromSeconds(0.1));

        Assert.Equal("late", await Receive(server, 4));
    }

    [Fact]
    public async Task A_half_open_connection_swallows_bytes_and_the_news_of_the_end()
    {
        var (client, server, connection) = await Pair();
        connection.Set(Direction.Both, Fault.Swallow);
        var lost = connection.Lost(Direction.ToClient);

        client.Close();
        await connection.Lost(Direction.ToUpstream).WaitAsync(Patience.Limit, Ct);
        await Send(server, "is anybody there?");
        await lost.WaitAsync(Patience.Limit, Ct);
        connection.Set(Direction.Both, Fault.None);
        await Send(server, "still?");

        Assert.False(connection.Ended.IsCompleted);
        Assert.Equal(0, connection.Delivered(Direction.Both));
    }

    [Fact]
    public async Task A_reset_after_some_bytes_lets_exactly_these_through()
    {
        var (client, server, connection) = await Pair();
        await Send(client, "whole ");
        Assert.Equal("whole ", await Receive(server, 6));

        connection.Set(Direction.ToUpstream, Fault.ResetAfter(4));
        await Send(client, "half a frame");

        Assert.Equal("half", await Receive(server, 4));
        await IsReset(server);
        await IsReset(client);
        await connection.Ended.WaitAsync(Patience.Limit, Ct);
        Assert.True(connection.WasReset);
    }

    [Fact]
    public async Task A_reset_of_one_end_reaches_the_other()
    {
        var (client, server, _) = await Pair();

        server.LingerState = new LingerOption(enable: true, seconds: 0);
        server.Close();

        await IsReset(client);
    }

    [Fact]
    public async Task What_is_set_for_open_connections_spares_the_later_ones()
    {
        var listener = Listen();
        var (first, _, _) = await Connect(Start(listener), listener);
        _proxy!.SetOpen(Direction.Both, Fault.ResetAfter(0));
        await IsReset(first);

        var (client, server, _) = await Connect(_proxy, listener);
        await Send(client, "alive");
        Assert.Equal("alive", await Receive(server, 5));

        _proxy.Set(Direction.Both, Fault.ResetAfter(0));
        await IsReset(client);
        await MeetsAReset(_proxy);
    }

    [Fact]
    public async Task Upstreams_take_turns_and_those_that_refuse_are_passed_over()
    {
        Socket[] listeners = [Listen(), Listen(), Listen()];
        var proxy = Start(listeners);
        listeners[1].Close();

        var order = new List<IPEndPoint>();
        for (var i = 0; i < 4; i++)
        {
            var next = proxy.Next();
            await Dial(proxy);
            order.Add((await next.WaitAsync(Patience.Limit, Ct)).Upstream);
        }

        var (a, c) = (listeners[0].LocalEndPoint, listeners[2].LocalEndPoint);
        Assert.Equal([a, c, c, a], order);
        listeners[0].Close();
        listeners[2].Close();
        await MeetsAReset(proxy);
    }

    [Fact]
    public async Task Disposing_ends_connections_that_are_stuck_in_every_way()
    {
        var listener = Listen();
        var proxy = Start(listener);
        var (swallowed, _, _) = await Connect(proxy, listener);
        proxy.SetOpen(Direction.Both, Fault.Swallow);
        var (late, _, _) = await Connect(proxy, listener);
        proxy.SetOpen(Direction.Both, Fault.Delay(TimeSpan.FromHours(1)));
        await Send(swallowed, "lost");
        await Send(late, "late");

        await proxy.DisposeAsync().AsTask().WaitAsync(Patience.Limit, Ct);

        await IsReset(swallowed);
        await IsReset(late);
        Assert.Empty(proxy.Connections);
    }

    public async ValueTask DisposeAsync()
    {
        _sockets.ForEach(socket => socket.Dispose());
        if (_proxy is not null)
            await _proxy.DisposeAsync();
    }

    private FaultProxy Start(params Socket[] listeners) => Start(TimeProvider.System, listeners);

    private FaultProxy Start(TimeProvider time, params Socket[] listeners) =>
        _proxy = FaultProxy.Start(time, [.. listeners.Select(l => (IPEndPoint)l.LocalEndPoint!)]);

    private async Task<(Socket Client, Socket Server, ProxiedConnection Connection)> Pair(TimeProvider? time = null)
    {
        var listener = Listen();
        return await Connect(Start(time ?? TimeProvider.System, listener), listener);
    }

    private async Task<(Socket Client, Socket Server, ProxiedConnection Connection)> Connect(
        FaultProxy proxy,
        Socket listener
    )
    {
        var next = proxy.Next();
        var client = await Dial(proxy);
        var server = Kept(await listener.AcceptAsync(Ct));
        return (client, server, await next.WaitAsync(Patience.Limit, Ct));
    }

    private async Task MeetsAReset(FaultProxy proxy)
    {
        try
        {
            await IsReset(await Dial(proxy));
        }
        catch (SocketException e)
        {
            // The reset was faster than the handshake's end.
            Assert.Equal(SocketError.ConnectionReset, e.SocketErrorCode);
        }
    }

    private async Task<Socket> Dial(FaultProxy proxy)
    {
        var client = Kept(NewSocket());
        await client.ConnectAsync(proxy.Endpoint, Ct);
        return client;
    }

    private Socket Listen()
    {
        var listener = Kept(NewSocket());
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        return listener;
    }

    private static Socket NewSocket() => new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    private Socket Kept(Socket socket)
    {
        _sockets.Add(socket);
        return socket;
    }

    private static async Task Send(Socket socket, string text) =>
        await socket.SendAsync(Encoding.ASCII.GetBytes(text), SocketFlags.None, Ct);

    /// <summary>So many bytes, or fewer if no more can come.</summary>
    private static async Task<string> Receive(Socket socket, int count)
    {
        var (bytes, got) = (new byte[count], 0);
        while (got < count)
        {
            var read = socket.ReceiveAsync(bytes.AsMemory(got), SocketFlags.None, Ct).AsTask();
            var more = await read.WaitAsync(Patience.Limit, Ct);
            if (more == 0)
                break;
            got += more;
        }

        return Encoding.ASCII.GetString(bytes, 0, got);
    }

    private static async Task IsReset(Socket socket)
    {
        var bytes = new byte[1];
        var error = await Assert.ThrowsAsync<SocketException>(() =>
            socket.ReceiveAsync(bytes, SocketFlags.None, Ct).AsTask().WaitAsync(Patience.Limit, Ct)
        );
        Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
    }
}
