namespace Coder.Mesh.Shared;

/// <summary>Recognizes who was asked for gRPC and speaks HTTP/1 only, such as the control plane's port for JSON.</summary>
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
            // Where the connection is closed before that is read; no code tells it apart.
            else if (
                cause is HttpRequestException
                && cause.Message.Contains("HTTP/2 handshake", StringComparison.Ordinal)
            )
                return true;
            // OpenSSL's words for a server that breaks off TLS because it offers no HTTP/2.
            else if (cause.Message.Contains("no application protocol", StringComparison.Ordinal))
                return true;
        return false;
    }
}
