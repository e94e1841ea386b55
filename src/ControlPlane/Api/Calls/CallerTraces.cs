using System.Diagnostics;
using Coder.Mesh.ControlPlane.Observability;
using Microsoft.AspNetCore.Authentication;

namespace Coder.Mesh.ControlPlane.Api.Calls;

/// <summary>
/// Only who is known may add to a trace: anybody else's <c>traceparent</c> starts a new one. Authenticating comes first
/// for that, and belongs to nobody's trace.
/// </summary>
internal static class CallerTraces
{
    public static IApplicationBuilder UseCallerTraces(this IApplicationBuilder app) =>
        app.Use(
            async (context, next) =>
            {
                var claimed = Activity.Current;
                if (claimed is not { HasRemoteParent: true })
                {
                    await next(context);
                    return;
                }

                if (await IsKnown(context))
                {
                    await next(context);
                    return;
                }

                // Made before anybody could know who calls; what isn't recorded isn't exported.
                claimed.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
                claimed.IsAllDataRequested = false;
                Activity.Current = null;
                using (Tracing.StartUnauthenticated())
                    await next(context);
                Activity.Current = claimed;
            }
        );

    private static async Task<bool> IsKnown(HttpContext context)
    {
        var claimed = Activity.Current;
        // A trace of its own, without the flag that says recorded: the look-up makes no spans.
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
