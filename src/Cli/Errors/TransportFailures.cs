using System.Net.Sockets;
using Coder.Mesh.Cli.Connection;
using Coder.Mesh.Shared;
using Grpc.Core;

namespace Coder.Mesh.Cli.Errors;

/// <summary>Failures below gRPC: nobody there, or somebody else.</summary>
internal static class TransportFailures
{
    private static readonly string[] NotGrpc =
    [
        "something answers there, but it does not speak gRPC",
        "without TLS the gRPC port is 8081 and the browser's is 8080; with TLS the address has https://",
    ];

    private static readonly string[] HttpOneOnly =
    [
        "what answers there speaks HTTP/1 only, as the control plane's ports for JSON (8080) and management (8082) do",
        "the gRPC port is 8081 by default; a proxy before it must speak HTTP/2",
    ];

    /// <returns>Null when a gRPC server answered.</returns>
    public static Failure? From(RpcException error, ControlPlane target)
    {
        // The client's words for an answer of HTTP without gRPC: a proxy's page, another service. No code tells it apart.
        if (error.Status.Detail.StartsWith("Bad gRPC response", StringComparison.Ordinal))
            return Unreachable(target, error.Status.Detail, NotGrpc);

        var causes = Causes(error.Status.DebugException).ToList();
        if (!causes.Any(c => c is HttpRequestException or IOException or SocketException))
            return null;
        var http = causes.OfType<HttpRequestException>().FirstOrDefault();
        // The innermost words are the system's own: "Connection refused", "Name or service not known".
        return Unreachable(
            target,
            causes[^1].Message,
            HttpOne.IsAllThatIsSpoken(error.Status.DebugException)
                ? HttpOneOnly
                : TipsFor(http?.HttpRequestError, target)
        );
    }

    private static string[] TipsFor(HttpRequestError? error, ControlPlane target) =>
        error switch
        {
            HttpRequestError.NameResolutionError => [$"check the host's name; it came from {target.AddressOrigin}"],
            HttpRequestError.SecureConnectionError =>
            [
                "check that this port speaks TLS and that this machine trusts the server's certificate",
                "a control plane without TLS has an address with http://",
            ],
            HttpRequestError.HttpProtocolError or HttpRequestError.InvalidResponse or HttpRequestError.ResponseEnded =>
                NotGrpc,
            _ =>
            [
                $"check that the control plane runs, and its address, which came from {target.AddressOrigin}",
                "without TLS the gRPC port is 8081 by default; a firewall or proxy may also be in the way",
            ],
        };

    private static Failure Unreachable(ControlPlane target, string cause, string[] tips) =>
        new($"cannot reach the control plane at {target.Origin}", ExitCodes.Unreachable)
        {
            Details = [$"cause: {cause}"],
            Tips = tips,
        };

    private static IEnumerable<Exception> Causes(Exception? cause)
    {
        for (; cause is not null; cause = cause.InnerException)
            yield return cause;
    }
}
