using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Coder.Mesh.Protocol.Client;

/// <summary>Registers the client with a host.</summary>
public static class MeshClientRegistration
{
    /// <summary>Registers a singleton <see cref="MeshClient"/>.</summary>
    /// <param name="services">The services of the host.</param>
    /// <param name="configure">Sets at least address and token. They are checked when the client is first
    /// resolved.</param>
    public static IServiceCollection AddMeshClient(
        this IServiceCollection services,
        Action<MeshClientOptions> configure
    )
    {
        services.AddOptions<MeshClientOptions>().Configure(configure);
        return services.AddSingleton(s => new MeshClient(
            s.GetRequiredService<IOptions<MeshClientOptions>>().Value,
            s.GetService<TimeProvider>(),
            s.GetService<ILoggerFactory>()
        ));
    }
}
