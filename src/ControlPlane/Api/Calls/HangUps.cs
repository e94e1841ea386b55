using Microsoft.AspNetCore.Connections;

namespace Coder.Mesh.ControlPlane.Api.Calls;

/// <summary>
/// Handles exceptions of requests whose client has disconnected: no response is written and nothing is logged.
/// </summary>
internal static class HangUps
{
    /// <summary>
    /// Place it before everything that reads requests. Calls of services are handled by the <see
    /// cref="FailureInterceptor"/>.
    /// </summary>
    public static IApplicationBuilder UseHangUps(this IApplicationBuilder app) =>
        app.Use(
            async (context, next) =>
            {
                try
                {
                    await next(context);
                }
                catch (Exception e) when (IsOne(e, context.RequestAborted))
                {
                    context.Abort();
                }
            }
        );

    private static bool IsOne(Exception exception, CancellationToken aborted) =>
        exception is ConnectionResetException or ConnectionAbortedException
        || (exception is OperationCanceledException or IOException && aborted.IsCancellationRequested);
}
