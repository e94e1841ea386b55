using System.CommandLine;
using Coder.Mesh.Cli.Commands;
using Coder.Mesh.Cli.Rendering;

namespace Coder.Mesh.Cli.Tests.Support;

/// <summary>The commands themselves, to look at and not to run.</summary>
internal static class Tree
{
    public static RootCommand Make()
    {
        var nowhere = new Terminal(TextWriter.Null, interactive: false, color: false);
        return CommandTree.Make(
            new CliHost(
                new Output(nowhere, nowhere),
                new Prompt(nowhere, () => TextReader.Null, person: false),
                _ => null,
                TimeProvider.System,
                []
            )
        );
    }

    /// <summary>Every command with its path; that of the root is empty.</summary>
    public static IReadOnlyList<(string Path, Command Command)> Commands() => [.. Below("", Make())];

    private static IEnumerable<(string Path, Command Command)> Below(string path, Command command) =>
        command.Subcommands.SelectMany(c => Below($"{path} {c.Name}".Trim(), c)).Prepend((path, command));
}
