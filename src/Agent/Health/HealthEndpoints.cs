using Coder.Mesh.Agent.Connection;

namespace Coder.Mesh.Agent.Health;

/// <summary>
/// Endpoints for the kubelet's liveness and readiness probes. Ready means: attached, and the first snapshot was
/// answered.
/// </summary>
internal static class HealthEndpoints
{
    public const string Paths = $"{Live} and {Ready}";

    private const string Live = "/health/live";
    private const string Ready = "/health/ready";

    public static void MapHealth(this WebApplication app)
    {
        var status = app.Services.GetRequiredService<AgentStatus>();
        app.MapGet(Live, context => Answer(context, status.NotLive));
        app.MapGet(Ready, context => Answer(context, status.NotReady));
        app.MapFallback(NotHere);
    }

    private static Task NotHere(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync($"Nothing is here. This port has {Paths}.\n");
    }

    private static Task Answer(HttpContext context, string? wrong)
    {
        context.Response.StatusCode = wrong is null ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync((wrong ?? "ok") + "\n");
    }
}
