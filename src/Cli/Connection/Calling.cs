using Coder.Mesh.Protocol.Client;

namespace Coder.Mesh.Cli.Connection;

/// <summary>The client of one run.</summary>
internal static class Calling
{
    public static MeshClient With(ControlPlane target, string token, TimeProvider time) =>
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
