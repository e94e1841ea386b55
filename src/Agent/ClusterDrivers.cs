using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.Kubernetes;
using Coder.Mesh.Agent.Simulated;
using Coder.Mesh.Agent.V1;

namespace Coder.Mesh.Agent;

/// <summary>Registers the cluster driver that the options select. There is no fallback to the other driver.</summary>
internal static class ClusterDrivers
{
    /// <summary>The facts to report until the cluster has answered the first probe.</summary>
    public static ClusterFacts InitialFacts(AgentOptions options) =>
        new()
        {
            Namespace = options.Namespace ?? "",
            Driver = options.Cluster == ClusterKind.Simulated ? "simulated" : "kubernetes",
        };

    public static IServiceCollection AddClusterDriver(this IServiceCollection services, AgentOptions options) =>
        options.Cluster switch
        {
            ClusterKind.Simulated => services
                .AddSingleton(
                    options.Simulated with
                    {
                        Namespace = options.Namespace ?? options.Simulated.Namespace,
                        PendingTimeout = options.PendingTimeout,
                    }
                )
                .AddSingleton<IClusterDriver, SimulatedDriver>(),
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
