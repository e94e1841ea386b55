using System.CommandLine;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Rendering;

namespace Coder.Mesh.Cli.CommandLine;

/// <summary>`mesh help`, which is the same as `--help` of a command.</summary>
internal static class HelpCommand
{
    /// <summary>Name of the argument for the words of a command.</summary>
    public const string Words = "command";

    public static Command Make(Output output)
    {
        var words = new Argument<string[]>(Words)
        {
            Description = "Command to show help for [default: all commands]",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var command = new MeshCommand("help", "Show help for a command.", "mesh help workspaces create", "mesh help")
        {
            words,
        };
        command.SetAction(line => Explain(output, line, line.GetValue(words) ?? []));
        return command;
    }

    private static int Explain(Output output, ParseResult line, string[] words)
    {
        var root = line.RootCommandResult.Command;
        var (command, path) = (root, "mesh");
        foreach (var word in words)
        {
            if (DidYouMean.Find(command, word) is not { } next)
            {
                output.Error(UsageErrors.UnknownWord(path, command, word));
                return ExitCodes.Usage;
            }

            (command, path) = (next, $"{path} {next.Name}");
        }

        return root.Parse([.. words, "--help"]).Invoke(line.InvocationConfiguration);
    }
}
