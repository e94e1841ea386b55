using Coder.Mesh.ControlPlane.Api.Calls;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Edge;
using Coder.Mesh.Protocol;

namespace Coder.Mesh.ControlPlane.Api.CallLimits;

/// <summary>
/// Reads the deadline of each gRPC call, and refuses calls whose deadline is malformed or has passed. Kestrel would
/// treat both as calls without a deadline.
/// </summary>
internal static class CallDeadlines
{
    private static readonly Error Invalid = new(
        ErrorKind.InvalidArgument,
        ErrorReasons.TimeoutInvalid,
        $"{GrpcTimeout.Header}: must be given once, as 1 to 8 digits and a unit (H, M, S, m, u or n)."
    );

    private sealed record Deadline(TimeSpan Left);

    public static IApplicationBuilder UseCallDeadlines(this IApplicationBuilder app)
    {
        var metrics = app.ApplicationServices.GetRequiredService<ApiMetrics>();
        return app.Use(
            (context, next) =>
            {
                if (!GrpcErrors.IsGrpc(context.Request))
                    return next(context);
                var header = context.Request.Headers[GrpcTimeout.Header];
                var error =
                    !GrpcTimeout.TryRead(header, out var left) ? Invalid
                    : left <= TimeSpan.Zero ? CallErrors.DeadlineExceeded
                    : null;
                if (error is not null)
                {
                    metrics.Refused(error.Reason);
                    GrpcErrors.Write(context.Response, error);
                    return Task.CompletedTask;
                }

                if (left is { } time)
                    context.Features.Set(new Deadline(time));
                return next(context);
            }
        );
    }

    /// <summary>Returns the time that a call had left when it arrived; null if it has no deadline.</summary>
    public static TimeSpan? Of(HttpContext context) => context.Features.Get<Deadline>()?.Left;
}
