using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Coder.Mesh.Agent.Clusters;
using k8s.Exceptions;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>Distinguishes an unreachable API server from faults of the agent and from cancellation.</summary>
internal static class Transport
{
    /// <returns>A message for people; null if the exception is not caused by the network or the server.</returns>
    public static string? Explains(Exception e, CancellationToken ct) =>
        ct.IsCancellationRequested
            ? null
            : e switch
            {
                OperationCanceledException => "The Kubernetes API server didn't answer in time.",
                HttpRequestException { InnerException: SocketException socket } =>
                    $"The Kubernetes API server can't be reached: {socket.Message}.",
                HttpRequestException { InnerException: AuthenticationException tls } =>
                    $"The Kubernetes API server's certificate is not accepted: {tls.Message}{Advice(tls)}",
                HttpRequestException or IOException =>
                    $"The connection to the Kubernetes API server failed: {e.Message}",
                JsonException => $"What answers at the Kubernetes API server's address makes no sense: {e.Message}",
                KubeConfigException or KubernetesClientException => $"No credentials for the cluster: {e.Message}",
                _ => null,
            };

    private static string Advice(AuthenticationException tls) =>
        tls.Message.Contains(nameof(X509ChainStatusFlags.UntrustedRoot), StringComparison.Ordinal)
        || tls.Message.Contains(nameof(X509ChainStatusFlags.PartialChain), StringComparison.Ordinal)
            ? " None of the certificate authorities that the agent was given for the cluster has signed it."
            : "";

    public static ClusterException Unreachable(string reason, Exception e) =>
        new(ClusterCodes.ClusterUnreachable, reason, transient: true, e);

    /// <summary>Waits for the next event of a watch.</summary>
    public static async Task<bool> Next(IAsyncEnumerator<WatchEvent?> events, CancellationToken ct)
    {
        try
        {
            return await events.MoveNextAsync();
        }
        catch (Exception e) when (Explains(e, ct) is { } reason)
        {
            throw Unreachable(reason, e);
        }
    }
}
