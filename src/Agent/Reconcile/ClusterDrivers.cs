using Coder.Mesh.Agent.Configuration;
using Coder.Mesh.Agent.Kubernetes;
using Coder.Mesh.Agent.Simulated;

namespace Coder.Mesh.Agent.Reconcile;

internal static class ClusterDrivers
{
    /// <summary>Adds the driver that the options name, and never another one in its place.</summary>
    public static IServiceCollection AddClusterDriver(this IServiceCollection services, AgentOptions options) =>
        options.Cluster switch
        {
            ClusterKind.Simulated => services.AddSingleton<IClusterDriver, SimulatedDriver>(),
            _ => services.AddKubernetesDriver(
                new KubernetesOptions
                {
                    Kubeconfig = options.Kubeconfig,
                    Namespace = options.Namespace,
                    PendingTimeout = options.PendingTimeout,
                }
            ),
        };
}
