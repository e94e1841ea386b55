using System.CommandLine;
using Coder.Mesh.Cli.CommandLine;
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
    public void Messages_and_tips_name_commands_that_there_are() =>
        Hold(Mentions.InSources(), atLeast: 40, whole: true);

    /// <summary>
    /// What the reader has to choose: another one's name, or a text. The name of what a message is about stands in it.
    /// </summary>
    [Fact]
    public void Messages_leave_to_their_reader_only_what_nothing_knows()
    {
        string[] choices =
        [
            "orgs allow given PROVIDER",
            "orgs allow ORGANIZATION given",
            "providers history ID",
            "providers forget given --reason TEXT",
            "providers forget given --reason TEXT --force",
            "providers cordon given --reason TEXT",
            "providers set-default NAME",
            "providers create NAME",
            "providers revoke-token given TOKEN_ID",
            "providers rotate-token given --token-out FILE",
            "providers update given --max-workspaces N",
            "orgs create NAME",
            "workspaces create NAME",
            "workspaces show ID",
            "workspaces show NAME",
            "providers show NAME",
            "providers orphans ls PROVIDER",
            "workspaces update given --owner-email ADDRESS",
            "contexts use NAME",
            "contexts set NAME --org ORGANIZATION",
            "contexts set --org ORGANIZATION",
            "login --context NAME",
        ];

        var left = Mentions
            .InSources()
            .Where(m => m.Words.Any(w => w.Length > 0 && w.All(c => char.IsAsciiLetterUpper(c) || c is '_')))
            .Where(m => !m.Words.Contains("N"))
            .Select(m => string.Join(' ', m.Words))
            .Distinct();

        Assert.Equal([], left.Except(choices));
    }

    [Fact]
    public void Output_names_commands_that_there_are() => Hold(Mentions.InOutput(), atLeast: 20, whole: true);

    [Fact]
    public void Examples_of_the_help_are_complete() =>
        Hold(
            Commands(Tree.Make())
                .OfType<MeshCommand>()
                .SelectMany(c => c.Examples.SelectMany(e => Mentions.InText($"help of {c.Name}", e))),
            atLeast: 50
        );

    /// <param name="whole">Whether each is to be run as it stands; documents also name commands without their
    /// arguments.</param>
    private static void Hold(IEnumerable<Mention> mentions, int atLeast, bool whole = false)
    {
        var all = mentions.ToList();

        var wrong = all.Where(m => Wrong(m, whole) is not null)
            .Select(m => $"\n{m} — {Wrong(m, whole)}")
            .Distinct()
            .ToList();
        Assert.True(wrong.Count == 0, string.Concat(wrong));
        Assert.InRange(all.Count, atLeast, int.MaxValue);
    }

    /// <returns>Null if nothing is.</returns>
    private static string? Wrong(Mention mention, bool whole)
    {
        var root = Tree.Make();
        var line = root.Parse([.. mention.Words.Select(w => Placeholders.GetValueOrDefault(w, w))]);
        var path = Path(line.CommandResult).Count();
        // A command alone is named, not called: what it needs is left out.
        if (!whole && path == mention.Words.Count && path > 0)
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
