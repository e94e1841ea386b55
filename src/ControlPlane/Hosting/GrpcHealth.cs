using Coder.Mesh.Agent.V1;
using Coder.Mesh.V1;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Coder.Mesh.ControlPlane.Hosting;

/// <summary>
/// <c>grpc.health.v1</c> of the server ("") and of each service. All of them need the database, and none accepts calls
/// while the replica stops.
/// </summary>
internal static class GrpcHealth
{
    public const string Path = "/grpc.health.v1.Health";

    /// <summary>Maximum delay of health watches. The check only reads memory.</summary>
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    public static IReadOnlyList<string> Services { get; } =
    [
        AgentService.Descriptor.FullName,
        DeploymentService.Descriptor.FullName,
        OrganizationService.Descriptor.FullName,
        ProviderService.Descriptor.FullName,
        TokenService.Descriptor.FullName,
        WorkspaceService.Descriptor.FullName,
    ];

    public static IServiceCollection AddGrpcHealth(this IServiceCollection services)
    {
        services.AddGrpcHealthChecks(o =>
        {
            foreach (var service in Services)
                o.Services.Map(service, _ => true);
        });
        return services.Configure<HealthCheckPublisherOptions>(o => (o.Delay, o.Period) = (TimeSpan.Zero, Period));
    }
}
