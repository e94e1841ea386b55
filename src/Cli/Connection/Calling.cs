using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Protocol.Client;
using Coder.Mesh.Protocol.Network;

namespace Coder.Mesh.Cli.Connection;

/// <summary>Creates the client for one run.</summary>
internal static class Calling
{
    /// <exception cref="CliException">A proxy variable of the environment is not valid.</exception>
    public static MeshClient With(ControlPlane target, string token, TimeProvider time)
    {
        try
        {
            return Open(target, token, time);
        }
        catch (ProxyVariableException e)
        {
            throw new CliException(
                new Failure($"the proxy settings are not valid: {e.Message}", ExitCodes.Usage)
                {
                    Tips = [$"set NO_PROXY={target.Address.Host} to connect without a proxy"],
                }
            );
        }
    }

    /// <summary>Finds the proxy for the address; null if there is none.</summary>
    public static ProxyRoute? Proxy(ControlPlane target) =>
        EnvironmentProxy.Read(Environment.GetEnvironmentVariable)?.RouteTo(target.Address);

    private static MeshClient Open(ControlPlane target, string token, TimeProvider time) =>
        new(
            new MeshClientOptions
            {
                Address = target.Address,
                Token = _ => ValueTask.FromResult(token),
                CallTimeout = target.RequestTimeout,
                // A user is waiting: an unreachable control plane is reported at once.
                MaxAttempts = 1,
                // Checked when the address was resolved.
                AllowPlaintext = true,
            },
            time
        );
}
