using System.CommandLine;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Tests.Support;

namespace Coder.Mesh.Cli.Tests.CommandLine;

/// <summary>What is suggested in place of a word that is no command, and by which other names commands go.</summary>
public sealed class GuessTests
{
    private readonly RootCommand _root = Tree.Make();

    [Theory]
    [InlineData("workspaces", "get", "show", "ls")]
    [InlineData("providers", "describe", "show")]
    [InlineData("workspaces", "remove", "rm")]
    [InlineData("workspaces", "edit", "update")]
    [InlineData("workspaces", "logs", "timeline")]
    [InlineData("providers", "events", "history")]
    [InlineData("orgs", "add", "create")]
    [InlineData("contexts", "switch", "use")]
    [InlineData("workspaces", "strat", "start")]
    [InlineData("workspaces", "retsart", "restart")]
    [InlineData("workspaces", "SHOW", "show")]
    [InlineData("providers", "set-defualt", "set-default")]
    [InlineData("", "provders", "providers")]
    [InlineData("", "provder", "providers")]
    [InlineData("", "work", "workspaces")]
    [InlineData("", "me", "whoami")]
    [InlineData("", "show", "providers show", "orgs show", "workspaces show", "access-url show")]
    [InlineData("workspaces ls", "--stat", "--state")]
    [InlineData("providers ls", "--adress", "--address")]
    public void Word_is_guessed_by_its_meaning_then_by_its_letters(string path, string word, params string[] guesses) =>
        Assert.Equal(guesses, Guess(path, word));

    [Theory]
    [InlineData("workspaces", "rn")]
    [InlineData("workspaces", "tm")]
    [InlineData("workspaces", "delte")]
    [InlineData("providers", "forgt")]
    [InlineData("providers", "revoke-tokn")]
    [InlineData("providers", "accept-clustr")]
    [InlineData("providers orphans", "rmm")]
    [InlineData("workspaces", "xyz")]
    [InlineData("", "rm")]
    [InlineData("", "delete")]
    public void Nothing_is_guessed_where_something_would_be_lost_or_nothing_is_near(string path, string word) =>
        Assert.Empty(Guess(path, word));

    /// <summary>Every word of a letter more, a letter less or another letter, for every command.</summary>
    [Fact]
    public void No_slip_of_the_fingers_leads_to_a_loss()
    {
        foreach (var command in All(_root))
        foreach (var lossy in command.Subcommands.OfType<MeshCommand>().Where(c => c.Destructive))
        foreach (var word in lossy.Aliases.Prepend(lossy.Name).SelectMany(Slips))
            // These are other tools' own words for it.
            if (DidYouMean.Find(command, word) is null && word is not ("revoke" or "del"))
                Assert.DoesNotContain(DidYouMean.For("mesh", command, word), g => g == lossy.Name);
    }

    [Fact]
    public void What_asks_before_it_acts_is_what_loses_something()
    {
        var lossy = All(_root)
            .OfType<MeshCommand>()
            .Where(c => c.Destructive)
            .Select(Path)
            .Order(StringComparer.Ordinal);

        Assert.Equal(
            [
                "contexts rm",
                "orgs rm",
                "providers accept-cluster",
                "providers forget",
                "providers orphans rm",
                "providers revoke-token",
                "providers rm",
                "tokens rm",
                "workspaces rm",
            ],
            lossy
        );
        Assert.All(
            All(_root).Where(c => c.Name is "rm" or "forget" || c.Name.StartsWith("revoke", StringComparison.Ordinal)),
            c => Assert.True(c is MeshCommand { Destructive: true }, Path(c))
        );
    }

    [Fact]
    public void Every_noun_is_taken_in_its_singular_too()
    {
        foreach (
            var noun in All(_root).Where(c => c is not RootCommand && c.Subcommands.Count > 0 && c.Name.EndsWith('s'))
        )
            Assert.Contains(noun.Name[..^1], noun.Aliases);
        Assert.Same(
            _root.Parse("workspaces ls").CommandResult.Command,
            _root.Parse("workspace list").CommandResult.Command
        );
        Assert.Same(
            _root.Parse("providers orphans ls a").CommandResult.Command,
            _root.Parse("provider orphan ls a").CommandResult.Command
        );
    }

    [Theory]
    [InlineData("guess-verb-first", "get", "workspaces", "dev")]
    [InlineData("guess-noun-last", "delete", "workspace", "dev")]
    [InlineData("guess-no-noun", "ls")]
    [InlineData("guess-loss", "workspaces", "delte", "dev")]
    [InlineData("guess-help", "help", "workspaces", "crate")]
    public async Task Guess_is_part_of_the_error(string name, params string[] arguments)
    {
        using var mesh = new MeshProcess();

        Expected.Match(name, Expected.Transcript(arguments, await mesh.Run(arguments)));
    }

    private IEnumerable<string> Guess(string path, string word)
    {
        var command = path.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Aggregate((Command)_root, (at, name) => DidYouMean.Find(at, name)!);
        return DidYouMean.For($"mesh {path}".Trim(), command, word);
    }

    private static IEnumerable<string> Slips(string word)
    {
        for (var i = 0; i < word.Length; i++)
        {
            yield return word.Remove(i, 1);
            yield return word.Insert(i, "x");
            yield return word.Remove(i, 1).Insert(i, "x");
            yield return word[..i];
        }
    }

    private static IEnumerable<Command> All(Command command) => command.Subcommands.SelectMany(All).Prepend(command);

    private static string Path(Command command) =>
        command.Parents.OfType<Command>().FirstOrDefault() is { } parent and not RootCommand
            ? $"{Path(parent)} {command.Name}"
            : command.Name;
}
