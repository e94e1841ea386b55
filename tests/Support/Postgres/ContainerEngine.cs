using System.Net.Sockets;

namespace Coder.Mesh.Tests.Support.Postgres;

/// <summary>Asks quickly whether a container engine is there, before a library looks for one at length.</summary>
internal sealed class ContainerEngine(Uri endpoint)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    public static ContainerEngine FromEnvironment() =>
        new(
            Environment.GetEnvironmentVariable("DOCKER_HOST") is { Length: > 0 } host
                ? new Uri(host)
                : new Uri("unix:///var/run/docker.sock")
        );

    /// <summary>Null when it answers, else why it can't be used.</summary>
    public async Task<string?> WhyNot(CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(Patience);
        using var client = new HttpClient(Handler()) { BaseAddress = new Uri("http://engine/") };
        try
        {
            using var response = await client.GetAsync(new Uri("_ping", UriKind.Relative), limit.Token);
            return response.IsSuccessStatusCode ? null : $"the container engine answers {(int)response.StatusCode}";
        }
        catch (HttpRequestException)
        {
            return "no container engine answers";
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return $"the container engine does not answer within {Patience.TotalSeconds:F0} s";
        }
    }

    private SocketsHttpHandler Handler() =>
        new()
        {
            UseProxy = false,
            ConnectCallback = async (_, ct) =>
            {
                var isUnix = endpoint.Scheme == "unix";
                var socket = isUnix
                    ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
                    : new Socket(SocketType.Stream, ProtocolType.Tcp);
                try
                {
                    if (isUnix)
                        await socket.ConnectAsync(new UnixDomainSocketEndPoint(endpoint.LocalPath), ct);
                    else
                        await socket.ConnectAsync(endpoint.Host, endpoint.Port, ct);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
        };
}
