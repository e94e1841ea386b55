using System.CommandLine;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.Cli.Tests.Support;

namespace Coder.Mesh.Cli.Tests.CommandLine;

/// <summary>
/// Every command line that the parser itself refuses, of every command: what is wrong is said in this program's words,
/// with the option or argument and what to write.
/// </summary>
public sealed class UsageWordsTests
{
    // How System.CommandLine would say it.
    private static readonly string[] Foreign =
    [
        "Required argument",
        "Required command",
        "Cannot parse argument",
        "expects a single",
        "is required.",
        "Unrecognized",
        "as expected type",
    ];

    public static TheoryData<string> Commands => [.. Tree.Commands().Select(c => c.Path)];

    [Theory]
    [MemberData(nameof(Commands))]
    public void Options_without_a_value_given_twice_or_with_nonsense_are_told_with_their_name(string path)
    {
        foreach (var option in Find(path).Options.Where(o => o.Arity.MaximumNumberOfValues > 0))
        {
            if (option.Arity.MinimumNumberOfValues > 0)
                Named($"{option.Name} requires a value: specify {option.Name} ", Said(path, option.Name));
            if (option.ValueType == typeof(bool) && option.Name is not ("--help" or "--version"))
                Assert.StartsWith(
                    $"error: {option.Name}=maybe: must be true or false\n",
                    Said(path, $"{option.Name}=maybe"),
                    StringComparison.Ordinal
                );
            else if (option.Arity.MaximumNumberOfValues == 1 && option.ValueType == typeof(string))
                Named(
                    $"{option.Name} can be given only once",
                    Said(path, option.Name, Value(option), option.Name, Value(option))
                );
        }
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public void What_is_missing_is_named(string path)
    {
        var command = Find(path);
        var needed = command.Arguments.Where(a => a.Arity.MinimumNumberOfValues > 0).ToList();
        var required = command.Options.Where(o => o.Required).ToList();
        if (command.Subcommands.Count == 0 && needed.Count + required.Count == 0)
            return;

        var said = Said(path);

        if (command.Subcommands.Count > 0)
            Assert.StartsWith(
                $"error: `mesh{(path.Length > 0 ? " " : "")}{path}` requires a command\n",
                said,
                StringComparison.Ordinal
            );
        foreach (var argument in needed)
            Named($"`mesh {path}` requires {argument.Name.ToUpperInvariant()}: ", said);
        foreach (var option in required)
            Assert.Contains($"{option.Name} is required: specify {option.Name} ", said, StringComparison.Ordinal);
    }

    /// <summary>The options that every command takes may stand behind it too, and are checked there as well.</summary>
    [Theory]
    [MemberData(nameof(Commands))]
    public void Options_of_all_commands_are_checked_wherever_they_stand(string path)
    {
        foreach (var words in new[] { ("--request-timeout", "soon"), ("--request-timeout", "0s"), ("--output", "xml") })
            Assert.Contains(words.Item1, Said(path, words.Item1, words.Item2), StringComparison.Ordinal);
        foreach (var option in new[] { "--address", "--token-file", "--context", "--request-timeout", "--output" })
            Assert.Contains(
                $"{option} requires a value: specify {option} ",
                Said(path, option),
                StringComparison.Ordinal
            );
    }

    [Fact]
    public void Logs_which_there_are_none_of_point_to_those_of_the_container() =>
        Assert.Contains(
            "kubectl logs -n NAMESPACE deploy/ws-ID",
            Said("workspaces", "logs", "dev"),
            StringComparison.Ordinal
        );

    // A command's own checks come first, and are all that is told.
    private static void Named(string words, string said)
    {
        if (
            !said.Contains("Nothing to change: specify at least one of", StringComparison.Ordinal)
            && !said.Contains("--reason requires --abandon", StringComparison.Ordinal)
        )
            Assert.Contains(words, said, StringComparison.Ordinal);
    }

    private static string Value(Option option) =>
        option.GetCompletions(System.CommandLine.Completions.CompletionContext.Empty).FirstOrDefault()?.Label ?? "1";

    private static string Said(string path, params string[] arguments)
    {
        var written = new StringWriter();
        var talk = new Terminal(written, interactive: false, color: false);
        string[] words = [.. path.Split(' ', StringSplitOptions.RemoveEmptyEntries), .. arguments];
        var line = Tree.Make().Parse(words);
        Assert.True(line.Errors.Count > 0 || UsageErrors.WrongFlag(line, words) is not null, string.Join(' ', words));
        Assert.Equal(2, UsageErrors.Show(line, words, new Output(talk, talk)));
        Assert.All(Foreign, words => Assert.DoesNotContain(words, written.ToString(), StringComparison.Ordinal));
        return written.ToString();
    }

    private static Command Find(string path) => Tree.Commands().Single(c => c.Path == path).Command;
}
