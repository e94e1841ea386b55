using System.CommandLine;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Commands;
using Coder.Mesh.Cli.Connection;
using Coder.Mesh.Cli.Errors;

namespace Coder.Mesh.Cli.Contexts;

/// <summary>`mesh logout`.</summary>
internal static class LogoutCommand
{
    public static Command Make(CliHost host) =>
        host.Runs(
            new MeshCommand(
                "logout",
                "Remove the stored token of a context. The address is kept, and the token stays valid.",
                "mesh logout",
                "mesh logout --context prod"
            ),
            (line, ct) => Run(host, line.GetValue(ConnectionOptions.Context), ct)
        );

    private static async Task<int> Run(CliHost host, string? name, CancellationToken ct)
    {
        var choice =
            ContextChoice.Of(name, host.Env, host.Contexts.Read())
            ?? throw new CliException(
                new Failure("no context selected", ExitCodes.Usage)
                {
                    Tips = ["mesh contexts ls", "mesh logout --context NAME"],
                }
            );
        await host.Contexts.Change(
            config => config.With(choice.Name, config.Get(choice.Name, "logout") with { Token = null }),
            ct
        );
        if (choice.Context.Token is null)
            host.Output.Info($"context/{choice.Name} unchanged: already logged out");
        else
            host.Output.Success($"context/{choice.Name} logged out", "the token stays valid until it is revoked");
        return ExitCodes.Ok;
    }
}
