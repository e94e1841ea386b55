using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Coder.Mesh.Protocol.Client;

/// <summary>Registers the client with a host.</summary>
public static class MeshClientRegistration
{
    /// <summary>Makes one <see cref="MeshClient"/> for the whole process available by injection.</summary>
    /// <param name="services">Of the host.</param>
    /// <param name="configure">Says at least address and token; what is wrong is told when the client is first asked for.</param>
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
