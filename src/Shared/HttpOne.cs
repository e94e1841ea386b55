namespace Coder.Mesh.Shared;

/// <summary>
/// Recognizes servers that support HTTP/1 only when called by gRPC, such as the JSON port of the control plane.
/// </summary>
internal static class HttpOne
{
    /// <summary>HTTP_1_1_REQUIRED.</summary>
    private const long Required = 0xd;

    public static bool IsAllThatIsSpoken(Exception? failure)
    {
        for (var cause = failure; cause is not null; cause = cause.InnerException)
            if (
                cause
                is HttpProtocolException { ErrorCode: Required }
                    or HttpRequestException { HttpRequestError: HttpRequestError.VersionNegotiationError }
            )
                return true;
            // The connection was closed before the error was read, for which there is no specific code.
            else if (
                cause is HttpRequestException
                && cause.Message.Contains("HTTP/2 handshake", StringComparison.Ordinal)
            )
                return true;
            // OpenSSL's message if a server aborts TLS because it does not offer HTTP/2.
            else if (cause.Message.Contains("no application protocol", StringComparison.Ordinal))
                return true;
        return false;
    }
}
