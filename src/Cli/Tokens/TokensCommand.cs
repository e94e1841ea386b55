using System.CommandLine;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Commands;

namespace Coder.Mesh.Cli.Tokens;

/// <summary>`mesh tokens`.</summary>
internal static class TokensCommand
{
    public static Command Make(CliHost host) =>
        new MeshCommand(
            "tokens",
            "Manage API tokens of users and services. Tokens of agents belong to their providers.",
            "mesh tokens ls",
            "mesh tokens rm 0198c1e2000070008000000000000001"
        )
        {
            Aliases = { "token" },
            Subcommands = { ListTokens.Make(host), RemoveTokens.Make(host) },
        };
}
