using System.Net.Sockets;

namespace Coder.Mesh.Protocol.Network;

/// <summary>Makes the connections of a gRPC channel go through a proxy.</summary>
internal static class ProxiedChannels
{
    /// <summary>Goes through the proxy that the environment names for this address, or straight there.</summary>
    /// <exception cref="ProxyVariableException">The variable names no proxy.</exception>
    public static void UseProxyFor(this SocketsHttpHandler handler, Uri address, Func<string, string?> env)
    {
        var proxy = EnvironmentProxy.Read(env) ?? HttpClient.DefaultProxy;
        // Whether an address is bypassed is asked first: a proxy may be given for it all the same.
        handler.UseProxy = !address.IsLoopback && !proxy.IsBypassed(address) && proxy.GetProxy(address) is not null;
        if (!handler.UseProxy)
            return;
        handler.Proxy = proxy;
        // The channel would dial the address itself, to balance load, and hand its connection to the HTTP client, which
        // asks for one to the proxy. A callback that is there already keeps it from that.
        handler.ConnectCallback = Dial;
    }

    private static async ValueTask<Stream> Dial(SocketsHttpConnectionContext context, CancellationToken ct)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(context.DnsEndPoint, ct).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
