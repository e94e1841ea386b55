using System.CommandLine;
using Coder.Mesh.Cli.Tests.Support;
using Coder.Mesh.Tests.Support.Documents;

namespace Coder.Mesh.Cli.Tests;

/// <summary>
/// Every command of <c>mesh</c> that the product prints or documents is one: no unknown command, option or value, and
/// nothing that is required left out. Those of remedies are run too, by RemedyTests of EndToEnd.Tests.
/// </summary>
public sealed class MentionedCommandTests
{
    // What stands for a value that has a form.
    private static readonly Dictionary<string, string> Placeholders = new()
    {
        ["N"] = "5",
        ["URL"] = "https://mesh.example.com",
        ["DURATION"] = "5m",
        ["RFC3339"] = "2026-01-01T00:00:00Z",
        ["FILE"] = "none",
    };

    [Fact]
    public void Documents_name_commands_that_there_are() => Hold(Mentions.InDocuments(), atLeast: 100);

    [Fact]
    public void Messages_and_tips_name_commands_that_there_are() => Hold(Mentions.InSources(), atLeast: 40);

    [Fact]
    public void Output_names_commands_that_there_are() => Hold(Mentions.InOutput(), atLeast: 20);

    [Fact]
    public void Examples_of_the_help_are_complete() =>
        Hold(
            Commands(Tree.Make())
                .OfType<MeshCommand>()
                .SelectMany(c => c.Examples.SelectMany(e => Mentions.InText($"help of {c.Name}", e))),
            atLeast: 50
        );

    private static void Hold(IEnumerable<Mention> mentions, int atLeast)
    {
        var all = mentions.ToList();

        var wrong = all.Where(m => Wrong(m) is not null).Select(m => $"\n{m} — {Wrong(m)}").Distinct().ToList();
        Assert.True(wrong.Count == 0, string.Concat(wrong));
        Assert.InRange(all.Count, atLeast, int.MaxValue);
    }

    /// <returns>Null if nothing is.</returns>
    private static string? Wrong(Mention mention)
    {
        var root = Tree.Make();
        var line = root.Parse([.. mention.Words.Select(w => Placeholders.GetValueOrDefault(w, w))]);
        var path = Path(line.CommandResult).Count();
        // A command alone is named, not called: what it needs is left out.
        if (path == mention.Words.Count && path > 0)
            return null;
        return line.Errors.Count == 0 ? null : string.Join(" ", line.Errors.Select(e => e.Message));
    }

    private static IEnumerable<string> Path(System.CommandLine.Parsing.CommandResult result)
    {
        for (System.CommandLine.Parsing.SymbolResult? at = result; at is not null; at = at.Parent)
            if (at is System.CommandLine.Parsing.CommandResult { Command: not RootCommand } command)
                yield return command.Command.Name;
    }

    private static IEnumerable<Command> Commands(Command command) =>
        command.Subcommands.SelectMany(Commands).Prepend(command);
}
