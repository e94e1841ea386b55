using Microsoft.AspNetCore.Connections;

namespace Coder.Mesh.ControlPlane.Api.Calls;

/// <summary>What a request ends with because its caller has hung up is no failure: nobody is told, and nothing is logged.</summary>
internal static class HangUps
{
    /// <summary>Comes before all that reads requests. Calls of services end in the <see cref="FailureInterceptor"/>.</summary>
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
