using System.Net;
using System.Net.Sockets;

namespace Coder.Mesh.EndToEnd.Tests.Harness;

/// <summary>
/// Ports for servers that are stopped and come back at the same address. They are below the range from which systems
/// take the ports of outgoing connections, or one of those could sit on the port when the server comes back.
/// </summary>
internal static class FreePorts
{
    private const int First = 12_000;
    private const int Count = 16_000;
    private static int _next = Environment.ProcessId * 37 % Count;

    public static int Take()
    {
        for (var tries = 0; tries < Count; tries++)
        {
            var port = First + (Interlocked.Increment(ref _next) & int.MaxValue) % Count;
            if (IsFree(port))
                return port;
        }

        throw new InvalidOperationException($"No port from {First} to {First + Count - 1} is free.");
    }

    private static bool IsFree(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
