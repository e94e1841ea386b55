using System.CommandLine;
using System.CommandLine.Parsing;

namespace Coder.Mesh.Cli.CommandLine;

/// <summary>What is wrong with a command line, in this program's words: the parser's own know nothing of what to do.</summary>
internal static class UsageWords
{
    /// <param name="error">Its message is kept where one of this program's own checks made it.</param>
    /// <param name="path">How the command is called.</param>
    public static string Of(ParseError error, string path) =>
        error.SymbolResult switch
        {
            OptionResult option => OfOption(option) ?? error.Message,
            ArgumentResult { Parent: OptionResult option } => OfOption(option) ?? error.Message,
            ArgumentResult { Parent: CommandResult } argument => OfArgument(argument, path) ?? error.Message,
            CommandResult { Command.Subcommands.Count: > 0, Command.Action: null } => $"`{path}` needs a command",
            CommandResult command => Missing(command, path) ?? error.Message,
            _ => error.Message,
        };

    public static string OfEmpty(Option option) =>
        $"{option.Name} has an empty value: write {Example(option)}{(option.Required ? "" : ", or leave it out")}";

    private static string? OfOption(OptionResult result)
    {
        var option = result.Option;
        var given = result.Tokens.Count;
        return result.Implicit ? (option.Required ? $"{option.Name} is missing: write {Example(option)}" : null)
            : given < option.Arity.MinimumNumberOfValues ? $"{option.Name} needs a value: write {Example(option)}"
            : given > option.Arity.MaximumNumberOfValues || Repeated(result) ? $"{option.Name} may be given once only"
            : null;
    }

    private static bool Repeated(OptionResult result) =>
        result.IdentifierTokenCount > 1 && result.Option.Arity.MaximumNumberOfValues <= 1;

    private static string Example(Option option) => $"{option.Name} {(option.HelpName ?? "value").ToUpperInvariant()}";

    private static string? OfArgument(ArgumentResult result, string path) =>
        result.Tokens.Count < result.Argument.Arity.MinimumNumberOfValues ? Needs(result.Argument, path) : null;

    private static string? Missing(CommandResult result, string path) =>
        result
            .Command.Arguments.Where(a =>
                a.Arity.MinimumNumberOfValues > (result.GetResult(a) as ArgumentResult)?.Tokens.Count
            )
            .Select(a => Needs(a, path))
            .FirstOrDefault();

    private static string Needs(Argument argument, string path) =>
        $"`{path}` needs {argument.Name.ToUpperInvariant()}: {char.ToLowerInvariant(argument.Description![0])}{argument.Description[1..]}";
}
