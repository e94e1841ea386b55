using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Rendering;

namespace Coder.Mesh.Cli;

/// <summary>Shows what is wrong with a command line, in the form that all errors have.</summary>
internal static class UsageErrors
{
    public static int Show(ParseResult line, Output output)
    {
        var command = line.CommandResult.Command;
        var commands = $"{Path(line)}: {string.Join(", ", command.Subcommands.Select(c => c.Name))}";
        // With a word that is no command the library also says that a command is missing: once is enough.
        var failure = line.UnmatchedTokens is [var first, ..]
            ? new Failure(
                command.Subcommands.Count > 0
                    ? $"`{Path(line)}` has no command or option '{first}'"
                    : $"`{Path(line)}` does not take '{first}'",
                ExitCodes.Usage
            )
            {
                Tips = [.. Guesses(line, first), $"{Path(line)} --help"],
            }
            : new Failure(line.Errors[0].Message, ExitCodes.Usage)
            {
                Details = [.. line.Errors.Skip(1).Select(e => e.Message).Distinct()],
                Tips =
                [
                    .. command.Subcommands.Count > 0 ? [$"commands of {commands}"] : Array.Empty<string>(),
                    $"{Path(line)} --help",
                ],
            };
        output.Error(failure);
        return failure.ExitCode;
    }

    // The library writes its guesses to its own output: per unknown word a sentence that asks, then a guess a line.
    private static string[] Guesses(ParseResult line, string word)
    {
        if (line.Action is not ParseErrorAction action)
            return [];
        using var text = new StringWriter();
        line.InvocationConfiguration.Output = text;
        line.InvocationConfiguration.Error = TextWriter.Null;
        action.ShowHelp = false;
        action.Invoke(line);
        var guesses = text.ToString()
            .Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .SkipWhile(l => !l.EndsWith('?'))
            .Skip(1)
            .TakeWhile(l => !l.EndsWith('?'))
            // To the library a letter is close to each option of one letter.
            .Where(guess => word.StartsWith('-') || !guess.StartsWith('-'))
            .ToList();
        return guesses.Count > 0 ? [$"did you mean {string.Join(" or ", guesses)}?"] : [];
    }

    private static string Path(ParseResult line)
    {
        var names = new Stack<string>();
        for (SymbolResult? at = line.CommandResult; at is not null; at = at.Parent)
            if (at is CommandResult command)
                names.Push(command.Command is RootCommand ? "mesh" : command.Command.Name);
        return string.Join(' ', names);
    }
}
