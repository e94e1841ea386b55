using Coder.Mesh.Agent.Connection;

namespace Coder.Mesh.Agent.Health;

/// <summary>What a kubelet asks: is the process alive, and is it attached.</summary>
internal static class HealthEndpoints
{
    public static void MapHealth(this WebApplication app)
    {
        var status = app.Services.GetRequiredService<AgentStatus>();
        app.MapGet("/healthz", context => Answer(context, status.NotLive));
        app.MapGet("/readyz", context => Answer(context, status.NotReady));
    }

    private static Task Answer(HttpContext context, string? wrong)
    {
        context.Response.StatusCode = wrong is null ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync((wrong ?? "ok") + "\n");
    }
}
