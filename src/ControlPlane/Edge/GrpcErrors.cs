using System.Globalization;
using Coder.Mesh.ControlPlane.Base;
using Google.Protobuf;
using Microsoft.Net.Http.Headers;

namespace Coder.Mesh.ControlPlane.Edge;

/// <summary>Writes gRPC responses outside of services, such as for calls that are not authenticated.</summary>
internal static class GrpcErrors
{
    public const string StatusHeader = "grpc-status";

    private const string ContentType = "application/grpc";
    private const string MessageHeader = "grpc-message";
    private const string DetailsHeader = "grpc-status-details-bin";

    public static bool IsGrpc(HttpRequest request) =>
        request.ContentType?.StartsWith(ContentType, StringComparison.Ordinal) == true;

    /// <summary>Whether the response has a gRPC status without details, and has not started.</summary>
    public static bool IsBare(HttpResponse response, int code) =>
        !response.HasStarted
        && response.Headers[StatusHeader] == code.ToString(CultureInfo.InvariantCulture)
        && !response.Headers.ContainsKey(DetailsHeader);

    /// <summary>
    /// Writes a response without messages: HTTP 200 with the status in the headers ("Trailers-Only").
    /// </summary>
    public static void Write(HttpResponse response, Error error)
    {
        var status = error.ToStatus();
        response.StatusCode = StatusCodes.Status200OK;
        response.Headers[HeaderNames.ContentType] = ContentType;
        response.Headers[StatusHeader] = status.Code.ToString(CultureInfo.InvariantCulture);
        response.Headers[MessageHeader] = Uri.EscapeDataString(status.Message);
        response.Headers[DetailsHeader] = Convert.ToBase64String(status.ToByteArray()).TrimEnd('=');
    }
}
