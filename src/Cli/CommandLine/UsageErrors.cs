using System.CommandLine;
using System.CommandLine.Parsing;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Rendering;

namespace Coder.Mesh.Cli.CommandLine;

/// <summary>Reports errors in a command line in the same form as other errors.</summary>
internal static class UsageErrors
{
    public static int Show(ParseResult line, IReadOnlyList<string> words, Output output)
    {
        var command = line.CommandResult.Command;
        var path = Path(line);
        // For an unknown command, the library also reports a missing command.
        var unknown = line.UnmatchedTokens is [var first, ..] ? first : UnknownOption(line);
        var failure =
            WrongFlag(line, words) is { } wrong
                ? new Failure($"{wrong}: must be true or false", ExitCodes.Usage) { Tips = [$"{path} --help"] }
            : unknown is not null ? UnknownWord(path, command, unknown)
            : EmptyValues.Wrong(line) is { } empty
                ? new Failure(UsageWords.OfEmpty(empty), ExitCodes.Usage) { Tips = [$"{path} --help"] }
            : new Failure(UsageWords.Of(line.Errors[0], path), ExitCodes.Usage)
            {
                Details =
                [
                    .. line
                        .Errors.Select(e => UsageWords.Of(e, path))
                        .Distinct()
                        .Except([UsageWords.Of(line.Errors[0], path)]),
                ],
                Tips =
                [
                    .. command.Subcommands.Count > 0
                        ? [$"commands of {path}: {string.Join(", ", command.Subcommands.Select(c => c.Name))}"]
                        : Array.Empty<string>(),
                    $"{path} --help",
                ],
            };
        output.Error(failure);
        return failure.ExitCode;
    }

    /// <param name="line">The command line, parsed.</param>
    /// <param name="words">The command line as it was typed.</param>
    public static bool Has(ParseResult line, IReadOnlyList<string> words) =>
        line.Errors.Count > 0 && line.Action is System.CommandLine.Invocation.ParseErrorAction
        || UnknownOption(line) is not null
        || WrongFlag(line, words) is not null
        || Runs(line) && EmptyValues.Wrong(line) is not null;

    /// <summary>
    /// Finds an unknown option that the parser has accepted as an argument. No valid name begins with a hyphen.
    /// </summary>
    public static string? UnknownOption(ParseResult line) =>
        Runs(line)
            ? line
                .CommandResult.Children.OfType<ArgumentResult>()
                .SelectMany(argument => argument.Tokens)
                .Select(token => token.Value)
                .FirstOrDefault(word => word.Length > 1 && word[0] == '-')
            : null;

    /// <summary>
    /// Finds a flag with an invalid value, such as <c>--yes=maybe</c>, which the parser would accept as flag and
    /// argument.
    /// </summary>
    public static string? WrongFlag(ParseResult line, IReadOnlyList<string> words)
    {
        var flags = line
            .CommandResult.Command.Options.Where(o => o.ValueType == typeof(bool))
            .SelectMany(o => o.Aliases.Prepend(o.Name))
            .ToHashSet(StringComparer.Ordinal);
        return words
            .TakeWhile(word => word != "--")
            .FirstOrDefault(word =>
                word.IndexOf('=', StringComparison.Ordinal) is var at and > 0
                && flags.Contains(word[..at])
                && !bool.TryParse(word[(at + 1)..], out _)
            );
    }

    private const string ContainerLogs =
        "for the output of its container: kubectl logs -n NAMESPACE deploy/ws-ID, with the kubeconfig of its cluster; "
        + "`mesh workspaces show NAME` shows both while it runs";

    /// <summary>Describes a word that is neither a command, an option nor an argument.</summary>
    public static Failure UnknownWord(string path, Command command, string word)
    {
        var guesses = DidYouMean.For(path, command, word);
        return new Failure(
            command.Subcommands.Count == 0 ? $"`{path}` does not accept '{word}'"
                : DidYouMean.Find(command, word) is null ? $"`{path}` has no command or option '{word}'"
                : $"'{word}' is in the wrong place",
            ExitCodes.Usage
        )
        {
            Tips =
            [
                .. guesses.Count > 0 ? [$"did you mean {string.Join(" or ", guesses)}?"] : Array.Empty<string>(),
                .. path == "mesh workspaces" && word is "logs" or "log" ? [ContainerLogs] : Array.Empty<string>(),
                $"{path} --help",
            ],
        };
    }

    // False if only the help is shown.
    private static bool Runs(ParseResult line) => line.Action == line.CommandResult.Command.Action;

    private static string Path(ParseResult line)
    {
        var names = new Stack<string>();
        for (SymbolResult? at = line.CommandResult; at is not null; at = at.Parent)
            if (at is CommandResult command)
                names.Push(command.Command is RootCommand ? "mesh" : command.Command.Name);
        return string.Join(' ', names);
    }
}
