using System.Diagnostics;
using Coder.Mesh.ControlPlane.Observability;
using Microsoft.AspNetCore.Authentication;

namespace Coder.Mesh.ControlPlane.Api.Calls;

/// <summary>
/// Accepts a <c>traceparent</c> only from authenticated callers; others start a new trace. Authentication runs before
/// and belongs to no trace of a caller.
/// </summary>
internal static class CallerTraces
{
    public static IApplicationBuilder UseCallerTraces(this IApplicationBuilder app) =>
        app.Use(
            (context, next) =>
                Activity.Current is { HasRemoteParent: true } claimed ? Checked(context, claimed, next) : next(context)
        );

    private static async Task Checked(HttpContext context, Activity claimed, RequestDelegate next)
    {
        if (await IsKnown(context))
        {
            await next(context);
            return;
        }

        // Created before the caller was known. An activity that is not recorded is not exported.
        claimed.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
        claimed.IsAllDataRequested = false;
        Activity.Current = null;
        using (Tracing.StartUnauthenticated())
            await next(context);
        Activity.Current = claimed;
    }

    private static async Task<bool> IsKnown(HttpContext context)
    {
        var claimed = Activity.Current;
        // A new trace without the recorded flag, so that the token lookup makes no spans.
        Activity.Current = null;
        using var apart = new Activity("authenticate").Start();
        try
        {
            return (await context.AuthenticateAsync()).Succeeded;
        }
        finally
        {
            apart.Stop();
            Activity.Current = claimed;
        }
    }
}
