using Coder.Mesh.ControlPlane.Agents;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Edge;
using Coder.Mesh.ControlPlane.Observability;
using Coder.Mesh.ControlPlane.Workspaces;
using Coder.Mesh.Shared;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Coder.Mesh.ControlPlane.Hosting;

internal static class ObservabilityRegistration
{
    private const string MetricsPath = "/metrics";
    private const string LivePath = "/health/live";
    private const string ReadyPath = "/health/ready";
    private const string StartedPath = "/health/started";

    private const string Ready = "ready";

    /// <summary>Maximum number of series of one metric; tags have few values, and none is an id.</summary>
    public const int MaxSeries = 500;

    public static WebApplicationBuilder AddObservability(this WebApplicationBuilder builder)
    {
        var telemetry = builder
            .Services.AddOpenTelemetry()
            .ConfigureResource(r => r.AddService("mesh-control-plane", serviceVersion: BuildVersion.Text))
            .WithMetrics(m =>
                m.AddMeter(Meters.Name)
                    .AddMeter("Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "Npgsql")
                    .AddRuntimeInstrumentation()
                    // Memory for this many is allocated at once, for each instrument; the default is 2,000.
                    .AddView("*", new MetricStreamConfiguration { CardinalityLimit = MaxSeries })
                    .AddPrometheusExporter()
            );
        // Only with an exporter: 10,000 agents would make many spans that nobody reads.
        if (builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] is { Length: > 0 })
            telemetry.WithTracing(Trace).UseOtlpExporter();
        builder.Services.AddSingleton<ApiMetrics>();
        builder.Services.AddSingleton<FleetMetrics>();
        builder.Services.AddHostedService(s => s.GetRequiredService<FleetMetrics>());
        builder.Services.AddHealthChecks().AddCheck<StoreCheck>("store", tags: [Ready]);
        return builder;
    }

    /// <summary>Adds the sources of spans.</summary>
    internal static void Trace(TracerProviderBuilder tracing) =>
        tracing
            .AddSource(Tracing.SourceName)
            .AddSource("Npgsql")
            .AddAspNetCoreInstrumentation(o => o.Filter = IsTraced);

    // The span of a stream would last for days, and its frames have their own. Scrapes and probes are too frequent.
    private static bool IsTraced(HttpContext context) =>
        context.Request.Path != AgentStreamService.Path
        && !context.Request.Path.StartsWithSegments(GrpcHealth.Path)
        && !Listener.Management.Serves(context);

    /// <summary>Serves metrics and health, on the management listener only.</summary>
    /// <param name="more">Handler of one more path.</param>
    /// <param name="where">The path of that handler.</param>
    public static WebApplication MapManagement(this WebApplication app, Action<IApplicationBuilder> more, string where)
    {
        app.MapWhen(
            Listener.Management.Serves,
            management =>
            {
                management.UseOpenTelemetryPrometheusScrapingEndpoint(MetricsPath);
                // Liveness: the process answers. An unavailable database is no reason to restart it.
                management.UseHealthChecks(LivePath, new HealthCheckOptions { Predicate = _ => false });
                management.UseHealthChecks(ReadyPath, ForReady());
                management.UseHealthChecks(StartedPath, ForReady());
                more(management);
                management.Run(context =>
                {
                    context.Response.StatusCode = StatusCodes.Status404NotFound;
                    context.Response.ContentType = "text/plain; charset=utf-8";
                    return context.Response.WriteAsync(
                        $"Nothing is here. This port has {MetricsPath}, {LivePath}, {ReadyPath}, {StartedPath} and {where}.\n"
                    );
                });
            }
        );
        return app;
    }

    private static HealthCheckOptions ForReady() => new() { Predicate = check => check.Tags.Contains(Ready) };
}
