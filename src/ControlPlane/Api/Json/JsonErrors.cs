using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Edge;
using Google.Protobuf;
using Microsoft.Net.Http.Headers;

namespace Coder.Mesh.ControlPlane.Api.Json;

/// <summary>Refusals that no service makes, in the form and with the HTTP status in which those of services come.</summary>
internal static class JsonErrors
{
    private static readonly JsonFormatter Formatter = new(
        JsonFormatter.Settings.Default.WithFormatDefaultValues(true).WithTypeRegistry(JsonApi.ErrorTypes)
    );

    private static readonly JsonSerializerOptions Compact = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Writes what neither a service nor the authentication refuses, and counts it.</summary>
    public static Task Refuse(HttpContext context, Refusal refusal)
    {
        context.RequestServices.GetRequiredService<ApiMetrics>().Refused(refusal.Reason);
        return Write(context, refusal);
    }

    /// <param name="status">Where HTTP has one of its own; else it follows from the kind.</param>
    public static Task Write(HttpContext context, Refusal refusal, int? status = null)
    {
        context.Response.StatusCode = status ?? HttpStatus(refusal.Kind);
        context.Response.ContentType = "application/json; charset=utf-8";
        if (refusal.Kind == RefusalKind.Unauthenticated)
            context.Response.Headers[HeaderNames.WWWAuthenticate] = "Bearer";
        if (refusal.RetryDelay is { } delay)
            context.Response.Headers[HeaderNames.RetryAfter] = Math.Ceiling(delay.TotalSeconds)
                .ToString(CultureInfo.InvariantCulture);
        // Without the formatter's blanks, as the transcoding writes.
        var text = JsonNode.Parse(Formatter.Format(refusal.ToStatus()))!.ToJsonString(Compact);
        return context.Response.WriteAsync(text, context.RequestAborted);
    }

    private static int HttpStatus(RefusalKind kind) =>
        kind switch
        {
            RefusalKind.InvalidArgument or RefusalKind.FailedPrecondition or RefusalKind.OutOfRange =>
                StatusCodes.Status400BadRequest,
            RefusalKind.Unauthenticated => StatusCodes.Status401Unauthorized,
            RefusalKind.PermissionDenied => StatusCodes.Status403Forbidden,
            RefusalKind.Unimplemented => StatusCodes.Status405MethodNotAllowed,
            RefusalKind.NotFound => StatusCodes.Status404NotFound,
            RefusalKind.AlreadyExists or RefusalKind.Aborted => StatusCodes.Status409Conflict,
            RefusalKind.ResourceExhausted => StatusCodes.Status429TooManyRequests,
            RefusalKind.Unavailable => StatusCodes.Status503ServiceUnavailable,
            RefusalKind.DeadlineExceeded => StatusCodes.Status504GatewayTimeout,
            RefusalKind.Internal => StatusCodes.Status500InternalServerError,
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "no HTTP status for this kind"),
        };
}
