using Coder.Mesh.Agent.Clusters;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Coder.Mesh.Agent.Kubernetes;

internal static class KubernetesRegistration
{
    /// <summary>Adds the driver for a Kubernetes cluster.</summary>
    /// <exception cref="KubernetesConfigurationException">There is no usable configuration.</exception>
    public static IServiceCollection AddKubernetesDriver(this IServiceCollection services, KubernetesOptions options)
    {
        var connection = KubernetesConnection.Open(options);
        services.TryAddSingleton<WelcomedDetails>();
        return services
            .AddMetrics()
            .AddSingleton(options)
            .AddSingleton(_ => connection)
            .AddSingleton<KubernetesMetrics>()
            .AddSingleton<KubernetesApi>()
            .AddSingleton<WatchHealth>()
            .AddSingleton<StorageProbe>()
            .AddSingleton<CredentialProbe>()
            .AddSingleton<ReadinessProbe>()
            .AddSingleton<ClusterWatch>()
            .AddSingleton<IClusterDriver, KubernetesDriver>();
    }
}
