using Coder.Mesh.Agent.V1;
using Coder.Mesh.V1;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Coder.Mesh.ControlPlane.Hosting;

/// <summary>
/// <c>grpc.health.v1</c> of the whole ("") and of each service: all of them need the store, and none takes anybody new
/// while the replica stops.
/// </summary>
internal static class GrpcHealth
{
    public const string Path = "/grpc.health.v1.Health";

    /// <summary>How late a watch of health may hear of a change; the check is a look at memory.</summary>
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
