using Coder.Mesh.ControlPlane.AccessLog;
using Coder.Mesh.ControlPlane.Api.Json;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Edge;
using Coder.Mesh.Protocol;

namespace Coder.Mesh.ControlPlane.Api.Calls;

/// <summary>
/// Refuses a call whose headers are too large. The server's own limits are much higher, because it ends the whole
/// connection, with all of its calls and watches, when they are exceeded.
/// </summary>
internal static class HeaderLimits
{
    /// <summary>Own clients send a token, a trace context and little else.</summary>
    private const int MaxHeaders = 64;

    private const int MaxBytes = 8 * 1024;

    /// <summary>The server's own limit, which applies before authentication.</summary>
    public const int MaxReadHeaders = 1_000;

    /// <inheritdoc cref="MaxReadHeaders"/>
    public const int MaxReadBytes = 256 * 1024;

    private static readonly Error TooLarge = new(
        ErrorKind.InvalidArgument,
        ErrorReasons.HeadersTooLarge,
        $"The headers (metadata) and the path of a call have at most {MaxBytes} bytes and {MaxHeaders} entries."
    );

    public static IApplicationBuilder UseHeaderLimits(this IApplicationBuilder app)
    {
        var metrics = app.ApplicationServices.GetRequiredService<ApiMetrics>();
        var refusals = app.ApplicationServices.GetRequiredService<RefusalLog>();
        return app.Use(
            (context, next) =>
            {
                if (Fits(context.Request))
                    return next(context);
                metrics.Refused(TooLarge.Reason);
                refusals.Add(
                    AccessSubjects.Anonymous,
                    TooLarge.Reason,
                    TooLarge.Message,
                    context.Connection.RemoteIpAddress
                );
                return Refuse(context);
            }
        );
    }

    private static Task Refuse(HttpContext context)
    {
        const int HttpStatus = StatusCodes.Status431RequestHeaderFieldsTooLarge;
        if (Listener.Json.Serves(context))
            return JsonErrors.Write(context, TooLarge, HttpStatus);
        if (GrpcErrors.IsGrpc(context.Request))
            GrpcErrors.Write(context.Response, TooLarge);
        else
            context.Response.StatusCode = HttpStatus;
        return Task.CompletedTask;
    }

    private static bool Fits(HttpRequest request)
    {
        var bytes = request.Path.Value!.Length + request.QueryString.Value!.Length;
        foreach (var (name, values) in request.Headers)
            bytes += name.Length * values.Count + values.Sum(v => v?.Length ?? 0);
        return bytes <= MaxBytes && request.Headers.Count <= MaxHeaders;
    }
}
