using System.Globalization;
using System.Net.Sockets;
using Coder.Mesh.Cli.Connection;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Shared;
using Grpc.Core;

namespace Coder.Mesh.Cli.CallFailures;

/// <summary>Failures below gRPC: nobody there, or somebody else. The tips name what was seen there.</summary>
internal static class TransportFailures
{
    private const string Ports =
        "without TLS the gRPC port is 8081 and the browser's is 8080; with TLS the address has https://";

    private static readonly string[] HttpOneOnly =
    [
        "what answers there speaks HTTP/1 only, as the control plane's ports for JSON (8080) and management (8082) do",
        "the gRPC port is 8081 by default; a proxy before it must speak HTTP/2",
    ];

    private static readonly string[] NotGrpc = ["something answers there, but it does not speak gRPC", Ports];

    /// <returns>Null when a gRPC server answered.</returns>
    public static Failure? From(RpcException error, ControlPlane target)
    {
        // The client's words for an answer of HTTP without gRPC: a proxy's page, another service. No code tells it apart.
        if (error.Status.Detail.StartsWith("Bad gRPC response", StringComparison.Ordinal))
            return Unreachable(target, error.Status.Detail, ForHttp(error.Status.Detail));

        var causes = Causes(error.Status.DebugException).ToList();
        if (!causes.Any(c => c is HttpRequestException or IOException or SocketException))
            return null;
        // The innermost words are the system's own: "Connection refused", "Name or service not known".
        return Unreachable(target, Cause(causes), TipsFor(causes, target));
    }

    // What the HTTP client says of HTTP/2 is for its programmers.
    private static string Cause(List<Exception> causes) =>
        HttpOne.IsAllThatIsSpoken(causes[0]) ? "what answers there does not speak HTTP/2, which gRPC needs"
        : causes.OfType<HttpProtocolException>().FirstOrDefault() is { } protocol
            ? $"the call was ended by HTTP/2 code {Http2Code(protocol.ErrorCode)}"
        : causes[^1].Message;

    // Of RFC 9113, section 7.
    private static string Http2Code(long code) =>
        code switch
        {
            0x0 => "NO_ERROR",
            0x1 => "PROTOCOL_ERROR",
            0x2 => "INTERNAL_ERROR",
            0x3 => "FLOW_CONTROL_ERROR",
            0x7 => "REFUSED_STREAM",
            0x8 => "CANCEL",
            0xb => "ENHANCE_YOUR_CALM",
            _ => $"0x{code:x}",
        };

    private static string[] ForHttp(string detail)
    {
        const string Before = "HTTP status code: ";
        var at = detail.IndexOf(Before, StringComparison.Ordinal);
        var number = at < 0 ? "" : detail[(at + Before.Length)..].Trim('.', ' ');
        return int.TryParse(number, CultureInfo.InvariantCulture, out var status)
            ? status switch
            {
                502 or 503 or 504 =>
                [
                    $"a proxy answers there ({status}), and does not reach the control plane behind it",
                    "check that the control plane runs, and the address of its gRPC port in the proxy's configuration",
                ],
                413 => ["a proxy there limits the size of requests (413); docs/proxies.md says how it is set up"],
                _ => [$"a web server answers there ({status}), but it does not speak gRPC", Ports],
            }
            : NotGrpc;
    }

    private static string[] TipsFor(List<Exception> causes, ControlPlane target)
    {
        if (HttpOne.IsAllThatIsSpoken(causes[0]))
            return HttpOneOnly;
        if (causes.OfType<HttpProtocolException>().FirstOrDefault() is { } protocol)
            return ForHttp2(protocol);
        return causes.OfType<HttpRequestException>().FirstOrDefault()?.HttpRequestError switch
        {
            HttpRequestError.NameResolutionError => [$"check the host's name; it came from {target.AddressOrigin}"],
            HttpRequestError.SecureConnectionError =>
            [
                "check that this port speaks TLS and that this machine trusts the server's certificate",
                "a control plane without TLS has an address with http://",
            ],
            HttpRequestError.ProxyTunnelError =>
            [
                "the proxy does not let calls through to this address; ask who runs it",
            ],
            HttpRequestError.HttpProtocolError or HttpRequestError.InvalidResponse or HttpRequestError.ResponseEnded =>
                NotGrpc,
            _ =>
            [
                $"check that the control plane runs, and its address, which came from {target.AddressOrigin}",
                "without TLS the gRPC port is 8081 by default; a firewall or proxy may also be in the way",
            ],
        };
    }

    // Codes of RFC 9113, section 7.
    private static string[] ForHttp2(HttpProtocolException seen) =>
        seen.ErrorCode switch
        {
            0x7 =>
            [
                "an HTTP/2 server answers there, and refuses each call (REFUSED_STREAM): a control plane of version 0.1.0 does, behind a proxy that ends TLS",
                "if it is newer, it may have too many calls at once; try again",
            ],
            _ =>
            [
                "an HTTP/2 server answers there, and broke off the call",
                "if it is a proxy, docs/proxies.md says how it is set up, and its log says why",
            ],
        };

    private static Failure Unreachable(ControlPlane target, string cause, string[] tips) =>
        new($"cannot reach the control plane at {target.Origin}", ExitCodes.Unreachable)
        {
            Details = Calling.Proxy(target) is { } proxy
                ? [$"cause: {cause}", $"on the way there: the proxy {proxy}"]
                : [$"cause: {cause}"],
            Tips = tips,
        };

    private static IEnumerable<Exception> Causes(Exception? cause)
    {
        for (; cause is not null; cause = cause.InnerException)
            yield return cause;
    }
}
