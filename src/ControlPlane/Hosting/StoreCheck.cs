using Coder.Mesh.ControlPlane.Storage;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Coder.Mesh.ControlPlane.Hosting;

/// <summary>
/// Reports not ready while the database is unavailable or the replica stops, so that load balancers send no new calls.
/// </summary>
internal sealed class StoreCheck(StoreHealth health, IHostApplicationLifetime lifetime) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context,
        CancellationToken cancellationToken = default
    )
    {
        var result =
            lifetime.ApplicationStopping.IsCancellationRequested ? HealthCheckResult.Unhealthy("stopping")
            : health.UnavailableSince is { } since
                ? HealthCheckResult.Unhealthy($"the database has been unavailable since {since:O}")
            : HealthCheckResult.Healthy();
        return Task.FromResult(result);
    }
}
