using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Coder.Mesh.EndToEnd.Tests.Harness;

/// <summary>
/// A server that says hello as PostgreSQL of some version does, without TLS, and answers nothing after that.
/// </summary>
internal sealed class FakePostgres : IAsyncDisposable
{
    private const int SslRequest = 80_877_103;
    private const int GssRequest = 80_877_104;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly string _version;
    private readonly Task _serving;

    public FakePostgres(string version)
    {
        _version = version;
        _listener.Start();
        _serving = Serve();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _serving;
    }

    private async Task Serve()
    {
        try
        {
            while (true)
            {
                using var client = await _listener.AcceptTcpClientAsync();
                try
                {
                    await Greet(client.GetStream());
                }
                catch (IOException)
                {
                    // The caller has had enough.
                }
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Disposed of.
        }
    }

    private async Task Greet(NetworkStream stream)
    {
        var header = new byte[8];
        while (true)
        {
            await stream.ReadExactlyAsync(header);
            if (BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(4)) is not (SslRequest or GssRequest))
                break;
            await stream.WriteAsync("N"u8.ToArray());
        }

        await stream.ReadExactlyAsync(new byte[BinaryPrimitives.ReadInt32BigEndian(header) - header.Length]);
        await stream.WriteAsync(
            (byte[])
                [
                    .. Message('R', [0, 0, 0, 0]),
                    .. Parameter("server_version", _version),
                    .. Parameter("server_encoding", "UTF8"),
                    .. Parameter("client_encoding", "UTF8"),
                    .. Parameter("integer_datetimes", "on"),
                    .. Parameter("standard_conforming_strings", "on"),
                    .. Message('K', [0, 0, 0, 1, 0, 0, 0, 1]),
                    .. Message('Z', "I"u8.ToArray()),
                ]
        );
        await stream.CopyToAsync(Stream.Null);
    }

    private static byte[] Parameter(string name, string value) =>
        Message('S', Encoding.ASCII.GetBytes($"{name}\0{value}\0"));

    private static byte[] Message(char type, byte[] body)
    {
        var length = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, body.Length + length.Length);
        return [(byte)type, .. length, .. body];
    }
}
