using Coder.Mesh.Shared;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Coder.Mesh.Agent.Observability;

internal static class TelemetryRegistration
{
    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    /// <summary>Adds metrics always, and the export of metrics and traces if an endpoint is configured.</summary>
    public static IServiceCollection AddTelemetry(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSingleton<AgentMetrics>();
        if (string.IsNullOrEmpty(configuration[Endpoint]))
            return services;

        services
            .AddOpenTelemetry()
            .ConfigureResource(r => r.AddService("mesh-agent", serviceVersion: BuildVersion.Text))
            .WithTracing(t => t.AddSource(Tracing.SourceName).AddOtlpExporter())
            .WithMetrics(m => m.AddMeter(AgentMetrics.MeterName).AddOtlpExporter());
        return services;
    }
}
