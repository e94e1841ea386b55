using System.CommandLine;
using System.CommandLine.Parsing;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Rendering;

namespace Coder.Mesh.Cli.CommandLine;

/// <summary>Shows what is wrong with a command line, in the form that all errors have.</summary>
internal static class UsageErrors
{
    public static int Show(ParseResult line, IReadOnlyList<string> words, Output output)
    {
        var command = line.CommandResult.Command;
        var path = Path(line);
        // With a word that is no command the library also says that a command is missing: once is enough.
        var unknown = line.UnmatchedTokens is [var first, ..] ? first : UnknownOption(line);
        var failure =
            WrongFlag(line, words) is { } wrong
                ? new Failure($"{wrong}: write true or false", ExitCodes.Usage) { Tips = [$"{path} --help"] }
            : unknown is not null ? UnknownWord(path, command, unknown)
            : EmptyValues.Wrong(line, path) is { } empty
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
        || Runs(line) && EmptyValues.Wrong(line, Path(line)) is not null;

    /// <summary>
    /// An option that the command doesn't have, which the parser took for one of its names: nothing may be done by a command
    /// line that was meant otherwise. No name begins with a hyphen.
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
    /// A flag with a value that is none, such as <c>--yes=maybe</c>: the parser would take the flag as given and its value
    /// for a name.
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
        "what its container prints: kubectl logs -n NAMESPACE deploy/ws-ID, with the kubeconfig of its cluster; "
        + "`mesh workspaces show NAME` tells both while it runs";

    /// <summary>A command was given a word that is neither a command, an option nor an argument of it.</summary>
    public static Failure UnknownWord(string path, Command command, string word)
    {
        var guesses = DidYouMean.For(path, command, word);
        return new Failure(
            command.Subcommands.Count == 0 ? $"`{path}` does not take '{word}'"
                : DidYouMean.Find(command, word) is null ? $"`{path}` has no command or option '{word}'"
                : $"'{word}' stands in the wrong place",
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

    // It does not only show its help.
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
