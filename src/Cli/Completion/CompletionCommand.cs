using System.CommandLine;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Commands;
using Coder.Mesh.Cli.Errors;

namespace Coder.Mesh.Cli.Completion;

/// <summary>`mesh completion`.</summary>
internal static class CompletionCommand
{
    public static Command Make(CliHost host) =>
        new MeshCommand(
            "completion",
            "Print a script that completes commands, options and names in a shell.",
            "mesh completion fish > ~/.config/fish/completions/mesh.fish",
            "source <(mesh completion bash)"
        )
        {
            Subcommands =
            {
                Make(
                    host,
                    "bash",
                    CompletionScripts.Bash,
                    "mesh completion bash > ~/.local/share/bash-completion/completions/mesh",
                    "source <(mesh completion bash)"
                ),
                Make(
                    host,
                    "zsh",
                    CompletionScripts.Zsh,
                    "mesh completion zsh > \"${fpath[1]}/_mesh\"",
                    "source <(mesh completion zsh)"
                ),
                Make(
                    host,
                    "fish",
                    CompletionScripts.Fish,
                    "mesh completion fish | source",
                    "mesh completion fish > ~/.config/fish/completions/mesh.fish"
                ),
            },
        };

    private static MeshCommand Make(CliHost host, string shell, string script, params string[] examples)
    {
        var command = new MeshCommand(shell, $"Print the script for {shell}.", examples);
        command.SetAction(_ =>
        {
            host.Output.Script(script);
            return ExitCodes.Ok;
        });
        return command;
    }
}
