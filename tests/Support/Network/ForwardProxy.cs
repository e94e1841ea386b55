using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Coder.Mesh.Tests.Support.Network;

/// <summary>
/// A proxy on the way out, on loopback: HTTP CONNECT and SOCKS 5 at one port. It alone knows where names lead.
/// </summary>
public sealed class ForwardProxy : IAsyncDisposable
{
    private const int MaxHead = 16 * 1024;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly IReadOnlyDictionary<string, IPEndPoint> _names;
    private readonly string? _login;
    private readonly ConcurrentQueue<string> _asked = [];
    private readonly ConcurrentDictionary<Task, bool> _serving = [];
    private readonly Task _accepting;

    private ForwardProxy(IReadOnlyDictionary<string, IPEndPoint> names, string? login)
    {
        (_names, _login) = (names, login);
        _listener.Start();
        _accepting = Accept();
    }

    /// <summary>
    /// What it was asked for, such as <c>CONNECT mesh.test:443</c> or <c>SOCKS mesh.test:443</c>, refused or not.
    /// </summary>
    public IReadOnlyCollection<string> Asked => _asked;

    public string Endpoint => _listener.LocalEndpoint.ToString()!;

    /// <param name="names">Host and port, as <c>mesh.test:443</c>, and where they lead; all else is refused.</param>
    /// <param name="login">As <c>user:password</c>; who doesn't give it is refused. Null lets everybody
    /// through.</param>
    public static ForwardProxy Start(IReadOnlyDictionary<string, IPEndPoint> names, string? login = null) =>
        new(names, login);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        await Task.WhenAll(_serving.Keys);
        _stop.Dispose();
    }

    private async Task Accept()
    {
        try
        {
            while (true)
            {
                var serving = Serve(await _listener.AcceptTcpClientAsync(_stop.Token));
                _serving.TryAdd(serving, true);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Disposing ends it so.
        }
    }

    private async Task Serve(TcpClient client)
    {
        await Task.Yield();
        using (client)
            try
            {
                var stream = client.GetStream();
                var first = await ReadByte(stream);
                var target = first == 5 ? await Socks(stream) : await Connect(stream, (char)first);
                if (target is not null)
                    await Join(stream, target);
            }
            catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
            {
                // One of the two ends hung up, or the test is over.
            }
    }

    private async Task<IPEndPoint?> Connect(NetworkStream client, char first)
    {
        var head = new StringBuilder().Append(first);
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && head.Length < MaxHead)
            head.Append((char)await ReadByte(client));
        var lines = head.ToString().Split("\r\n");
        var words = lines[0].Split(' ');
        _asked.Enqueue($"{words[0]} {words[1]}");
        var basic = _login is null ? null : Convert.ToBase64String(Encoding.UTF8.GetBytes(_login));
        if (
            basic is not null
            && !lines.Contains($"Proxy-Authorization: Basic {basic}", StringComparer.OrdinalIgnoreCase)
        )
        {
            const string LoginNeeded =
                "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"test\"\r\n"
                + "Content-Length: 0\r\nConnection: close\r\n\r\n";
            await client.WriteAsync(Encoding.ASCII.GetBytes(LoginNeeded), _stop.Token);
            return null;
        }

        var target = words[0] == "CONNECT" ? _names.GetValueOrDefault(words[1]) : null;
        var answer = target is null ? "403 Forbidden" : "200 Connection established";
        await client.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {answer}\r\n\r\n"), _stop.Token);
        return target;
    }

    // RFC 1928, without and with the login of RFC 1929.
    private async Task<IPEndPoint?> Socks(NetworkStream client)
    {
        var methods = await Read(client, await ReadByte(client));
        byte method = _login is null ? (byte)0 : (byte)2;
        await client.WriteAsync(new byte[] { 5, methods.Contains(method) ? method : (byte)0xff }, _stop.Token);
        if (!methods.Contains(method))
            return null;
        if (_login is not null && !await LogIn(client))
            return null;
        var request = await Read(client, 4);
        var host = request[3] switch
        {
            1 => new IPAddress(await Read(client, 4)).ToString(),
            4 => new IPAddress(await Read(client, 16)).ToString(),
            _ => Encoding.ASCII.GetString(await Read(client, await ReadByte(client))),
        };
        var name = $"{host}:{BinaryPrimitives.ReadUInt16BigEndian(await Read(client, 2))}";
        _asked.Enqueue($"SOCKS {name}");
        var target = _names.GetValueOrDefault(name);
        await client.WriteAsync(
            new byte[] { 5, target is null ? (byte)2 : (byte)0, 0, 1, 0, 0, 0, 0, 0, 0 },
            _stop.Token
        );
        return target;
    }

    private async Task<bool> LogIn(NetworkStream client)
    {
        await ReadByte(client);
        var user = Encoding.UTF8.GetString(await Read(client, await ReadByte(client)));
        var password = Encoding.UTF8.GetString(await Read(client, await ReadByte(client)));
        var good = $"{user}:{password}" == _login;
        await client.WriteAsync(new byte[] { 1, good ? (byte)0 : (byte)1 }, _stop.Token);
        return good;
    }

    private async Task Join(NetworkStream client, IPEndPoint target)
    {
        using var upstream = new TcpClient { NoDelay = true };
        await upstream.ConnectAsync(target, _stop.Token);
        var server = upstream.GetStream();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        var both = new[] { client.CopyToAsync(server, ended.Token), server.CopyToAsync(client, ended.Token) };
        await Task.WhenAny(both);
        await ended.CancelAsync();
        await Task.WhenAll(both);
    }

    private async Task<byte> ReadByte(NetworkStream stream) => (await Read(stream, 1))[0];

    private async Task<byte[]> Read(NetworkStream stream, int count)
    {
        var bytes = new byte[count];
        await stream.ReadExactlyAsync(bytes, _stop.Token);
        return bytes;
    }
}
