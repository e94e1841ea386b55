using Coder.Mesh.ControlPlane.Api;
using Coder.Mesh.ControlPlane.Watches;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Coder.Mesh.ControlPlane.Hosting;

internal static class WatchesRegistration
{
    public static IServiceCollection AddWatches(this IServiceCollection services)
    {
        services.TryAddSingleton<WatchLimits>();
        services.AddSingleton<ChangeBuffer>();
        services.AddSingleton<StreamHistory>();
        services.AddSingleton<ShownResources>();
        services.AddTransient<ChangeProjector>();
        services.AddSingleton<Backfill>();
        services.AddSingleton<WatchMetrics>();
        services.AddSingleton<Subscriptions>();
        services.AddSingleton<WatchPump>();
        return services;
    }
}
