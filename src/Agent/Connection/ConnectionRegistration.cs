using Coder.Mesh.Agent.Base;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Coder.Mesh.Agent.Connection;

internal static class ConnectionRegistration
{
    public static IServiceCollection AddConnection(this IServiceCollection services, ConnectionOptions options)
    {
        services.AddSingleton(options);
        services.TryAddSingleton(Jitter.Random);
        services.AddSingleton<TokenSource>();
        services.AddSingleton<AgentStatus>();
        services.AddSingleton<Dialer>();
        return services;
    }
}
