using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Protocol.Client;
using Coder.Mesh.Protocol.Network;

namespace Coder.Mesh.Cli.Connection;

/// <summary>The client of one run.</summary>
internal static class Calling
{
    /// <exception cref="CliException">A variable of the environment should name a proxy, and doesn't.</exception>
    public static MeshClient With(ControlPlane target, string token, TimeProvider time)
    {
        try
        {
            return Open(target, token, time);
        }
        catch (ProxyVariableException e)
        {
            throw new CliException(
                new Failure($"no proxy to go through: {e.Message}", ExitCodes.Usage)
                {
                    Tips = [$"NO_PROXY={target.Address.Host} goes there without one"],
                }
            );
        }
    }

    /// <summary>The proxy on the way there; null if there is none.</summary>
    public static ProxyRoute? Proxy(ControlPlane target) =>
        EnvironmentProxy.Read(Environment.GetEnvironmentVariable)?.RouteTo(target.Address);

    private static MeshClient Open(ControlPlane target, string token, TimeProvider time) =>
        new(
            new MeshClientOptions
            {
                Address = target.Address,
                Token = _ => ValueTask.FromResult(token),
                CallTimeout = target.RequestTimeout,
                // Somebody waits: who isn't there is said at once, with what to check.
                MaxAttempts = 1,
                // Whether it may was decided when the address was resolved.
                AllowPlaintext = true,
            },
            time
        );
}
