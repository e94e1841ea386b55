using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Edge;
using Google.Protobuf;
using Microsoft.Net.Http.Headers;

namespace Coder.Mesh.ControlPlane.Api.Json;

/// <summary>
/// Writes errors that no service returns, in the same form and with the same HTTP statuses as theirs.
/// </summary>
internal static class JsonErrors
{
    private static readonly JsonFormatter Formatter = new(
        JsonFormatter.Settings.Default.WithFormatDefaultValues(true).WithTypeRegistry(JsonApi.ErrorTypes)
    );

    private static readonly JsonSerializerOptions Compact = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Writes and counts an error that neither a service nor the authentication returns.</summary>
    /// <inheritdoc cref="Write"/>
    public static Task Refuse(HttpContext context, Error error, int? status = null)
    {
        context.RequestServices.GetRequiredService<ApiMetrics>().Refused(error.Reason);
        return Write(context, error, status);
    }

    /// <param name="status">The HTTP status if it does not follow from the kind.</param>
    public static Task Write(HttpContext context, Error error, int? status = null)
    {
        context.Response.StatusCode = status ?? HttpStatus(error.Kind);
        context.Response.ContentType = "application/json; charset=utf-8";
        if (error.Kind == ErrorKind.Unauthenticated)
            context.Response.Headers[HeaderNames.WWWAuthenticate] = "Bearer";
        if (error.RetryDelay is { } delay)
            context.Response.Headers[HeaderNames.RetryAfter] = Math.Ceiling(delay.TotalSeconds)
                .ToString(CultureInfo.InvariantCulture);
        // Without the spaces of the formatter, like the transcoding.
        var text = JsonNode.Parse(Formatter.Format(error.ToStatus()))!.ToJsonString(Compact);
        return context.Response.WriteAsync(text, context.RequestAborted);
    }

    private static int HttpStatus(ErrorKind kind) =>
        kind switch
        {
            ErrorKind.InvalidArgument or ErrorKind.FailedPrecondition or ErrorKind.OutOfRange =>
                StatusCodes.Status400BadRequest,
            ErrorKind.Unauthenticated => StatusCodes.Status401Unauthorized,
            ErrorKind.PermissionDenied => StatusCodes.Status403Forbidden,
            ErrorKind.Unimplemented => StatusCodes.Status405MethodNotAllowed,
            ErrorKind.NotFound => StatusCodes.Status404NotFound,
            ErrorKind.AlreadyExists or ErrorKind.Aborted => StatusCodes.Status409Conflict,
            ErrorKind.ResourceExhausted => StatusCodes.Status429TooManyRequests,
            ErrorKind.Unavailable => StatusCodes.Status503ServiceUnavailable,
            ErrorKind.DeadlineExceeded => StatusCodes.Status504GatewayTimeout,
            ErrorKind.Internal => StatusCodes.Status500InternalServerError,
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "no HTTP status for this kind"),
        };
}
