using System.Net.Sockets;

namespace Coder.Mesh.Protocol.Network;

/// <summary>Makes the connections of a gRPC channel go through a proxy.</summary>
internal static class ProxiedChannels
{
    /// <summary>Uses the proxy that the environment defines for this address, if any.</summary>
    /// <exception cref="ProxyVariableException">The variable has an invalid value.</exception>
    public static void UseProxyFor(this SocketsHttpHandler handler, Uri address, Func<string, string?> env)
    {
        var proxy = EnvironmentProxy.Read(env) ?? HttpClient.DefaultProxy;
        // Bypassed addresses are checked first, since a proxy may be returned for them too.
        handler.UseProxy = !address.IsLoopback && !proxy.IsBypassed(address) && proxy.GetProxy(address) is not null;
        if (!handler.UseProxy)
            return;
        handler.Proxy = proxy;
        // For load balancing, the channel would connect to the address itself and pass this connection to the HTTP
        // client, which needs one to the proxy. It does not do so if a callback is set.
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
