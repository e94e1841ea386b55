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
                "Forget the token of a context; its address stays. The token itself stays valid.",
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
                new Failure("no context is chosen", ExitCodes.Usage)
                {
                    Tips = ["mesh contexts ls", "mesh logout --context NAME"],
                }
            );
        await host.Contexts.Change(
            config => config.With(choice.Name, config.Get(choice.Name, "logout") with { Token = null }),
            ct
        );
        if (choice.Context.Token is null)
            host.Output.Info($"{choice} was logged out already");
        else
            host.Output.Success(
                $"{choice} is logged out",
                "the token itself stays valid until it is revoked or expires"
            );
        return ExitCodes.Ok;
    }
}
