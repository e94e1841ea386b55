using System.CommandLine;
using System.CommandLine.Invocation;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Rendering;

namespace Coder.Mesh.Cli;

/// <summary>Shows what is wrong with a command line, in the form that all errors have.</summary>
internal static class UsageErrors
{
    public static int Show(ParseResult line, Output output)
    {
        var messages = line.Errors.Select(e => e.Message).Distinct().ToList();
        output.Error(
            new Failure(messages[0], ExitCodes.Usage)
            {
                Details = messages[1..],
                Tips = [.. Corrections(line), $"{Path(line)} --help"],
            }
        );
        return ExitCodes.Usage;
    }

    // The library writes its guesses to its own output: a sentence per word, then the guesses, a line each.
    private static string[] Corrections(ParseResult line)
    {
        using var guesses = new StringWriter();
        line.InvocationConfiguration.Output = guesses;
        line.InvocationConfiguration.Error = TextWriter.Null;
        if (line.Action is not ParseErrorAction action)
            return [];
        action.ShowHelp = false;
        action.Invoke(line);
        return guesses.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
    }

    private static string Path(ParseResult line)
    {
        var names = new Stack<string>();
        for (System.CommandLine.Parsing.SymbolResult? at = line.CommandResult; at is not null; at = at.Parent)
            if (at is System.CommandLine.Parsing.CommandResult command)
                names.Push(command.Command is RootCommand ? "mesh" : command.Command.Name);
        return string.Join(' ', names);
    }
}
