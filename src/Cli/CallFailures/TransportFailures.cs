using System.Globalization;
using System.Net.Sockets;
using Coder.Mesh.Cli.Connection;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Shared;
using Grpc.Core;

namespace Coder.Mesh.Cli.CallFailures;

/// <summary>Describes failures below gRPC: no server, or one that is no control plane.</summary>
internal static class TransportFailures
{
    private const string Ports =
        "without TLS the gRPC port is 8081, and 8080 is for browsers; with TLS use an https:// address";

    private static readonly string[] HttpOneOnly =
    [
        "this server supports HTTP/1 only, like the control plane's ports for JSON (8080) and management (8082)",
        "the gRPC port is 8081 by default; a proxy in front of it must support HTTP/2",
    ];

    private static readonly string[] NotGrpc = ["the server at this address does not support gRPC", Ports];

    /// <returns>Null when a gRPC server answered.</returns>
    public static Failure? From(RpcException error, ControlPlane target)
    {
        // The client's message for an HTTP response without gRPC; there is no code for it.
        if (error.Status.Detail.StartsWith("Bad gRPC response", StringComparison.Ordinal))
            return Unreachable(target, error.Status.Detail, ForHttp(error.Status.Detail));

        var causes = Causes(error.Status.DebugException).ToList();
        if (!causes.Any(c => c is HttpRequestException or IOException or SocketException))
            return null;
        // The innermost message is that of the system: "Connection refused", "Name or service not known".
        return Unreachable(target, Cause(causes), TipsFor(causes, target));
    }

    // The messages of the HTTP client about HTTP/2 are not meant for users.
    private static string Cause(List<Exception> causes) =>
        HttpOne.IsAllThatIsSpoken(causes[0]) ? "the server does not support HTTP/2, which gRPC requires"
        : causes.OfType<HttpProtocolException>().FirstOrDefault() is { } protocol
            ? $"the call was terminated with HTTP/2 code {Http2Code(protocol.ErrorCode)}"
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
                    $"a proxy answered ({status}): it cannot reach the control plane",
                    "check that the control plane is running, and the address of its gRPC port in the configuration of the proxy",
                ],
                413 => ["a proxy limits the size of requests (413); see docs/proxies.md for its configuration"],
                _ => [$"a web server answered ({status}), but it does not support gRPC", Ports],
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
            HttpRequestError.NameResolutionError => [$"check the host name (from {target.AddressOrigin})"],
            HttpRequestError.SecureConnectionError =>
            [
                "check that this port serves TLS, and that this machine trusts the certificate of the server",
                "for a control plane without TLS, use an http:// address",
            ],
            HttpRequestError.ProxyTunnelError =>
            [
                "the proxy does not allow connections to this address; ask its administrator",
            ],
            HttpRequestError.HttpProtocolError or HttpRequestError.InvalidResponse or HttpRequestError.ResponseEnded =>
                NotGrpc,
            _ =>
            [
                $"check that the control plane is running, and its address (from {target.AddressOrigin})",
                "without TLS the gRPC port is 8081 by default; a firewall or proxy may also block the connection",
            ],
        };
    }

    // Codes of RFC 9113, section 7.
    private static string[] ForHttp2(HttpProtocolException seen) =>
        seen.ErrorCode switch
        {
            0x7 =>
            [
                "the server refuses each call (REFUSED_STREAM), like a control plane of version 0.1.0 behind a proxy that terminates TLS",
                "a newer one may be handling too many calls; try again",
            ],
            _ =>
            [
                "an HTTP/2 server terminated the call",
                "if it is a proxy, see docs/proxies.md for its configuration, and its log for the cause",
            ],
        };

    private static Failure Unreachable(ControlPlane target, string cause, string[] tips) =>
        new($"cannot reach the control plane at {target.Origin}", ExitCodes.Unreachable)
        {
            Details = Calling.Proxy(target) is { } proxy
                ? [$"cause: {cause}", $"through the proxy {proxy}"]
                : [$"cause: {cause}"],
            Tips = tips,
        };

    private static IEnumerable<Exception> Causes(Exception? cause)
    {
        for (; cause is not null; cause = cause.InnerException)
            yield return cause;
    }
}
