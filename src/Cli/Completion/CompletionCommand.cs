using System.CommandLine;
using Coder.Mesh.Cli.Errors;

namespace Coder.Mesh.Cli.Completion;

/// <summary>`mesh completion`.</summary>
internal static class CompletionCommand
{
    public static Command Make(CliHost host) =>
        new MeshCommand(
            "completion",
            "Print a script by which a shell completes commands, options and names.",
            "source <(mesh completion bash)",
            "mesh completion fish > ~/.config/fish/completions/mesh.fish"
        )
        {
            Subcommands =
            {
                Make(
                    host,
                    "bash",
                    CompletionScripts.Bash,
                    "source <(mesh completion bash)",
                    "mesh completion bash > ~/.local/share/bash-completion/completions/mesh"
                ),
                Make(
                    host,
                    "zsh",
                    CompletionScripts.Zsh,
                    "source <(mesh completion zsh)",
                    "mesh completion zsh > \"${fpath[1]}/_mesh\""
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
