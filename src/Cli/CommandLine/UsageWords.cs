using System.CommandLine;
using System.CommandLine.Parsing;

namespace Coder.Mesh.Cli.CommandLine;

/// <summary>Describes errors in a command line; the messages of the parser do not say how to fix them.</summary>
internal static class UsageWords
{
    /// <param name="error">Its message is used if it comes from a check of this program.</param>
    /// <param name="path">The full name of the command.</param>
    public static string Of(ParseError error, string path) =>
        error.SymbolResult switch
        {
            OptionResult option => OfOption(option) ?? error.Message,
            ArgumentResult { Parent: OptionResult option } => OfOption(option) ?? error.Message,
            ArgumentResult { Parent: CommandResult } argument => OfArgument(argument, path) ?? error.Message,
            CommandResult { Command.Subcommands.Count: > 0, Command.Action: null } => $"`{path}` requires a command",
            CommandResult command => Missing(command, path) ?? error.Message,
            _ => error.Message,
        };

    public static string OfEmpty(Option option) =>
        $"{option.Name} has an empty value: specify {Example(option)}{(option.Required ? "" : ", or omit it")}";

    private static string? OfOption(OptionResult result)
    {
        var option = result.Option;
        var given = result.Tokens.Count;
        return result.Implicit ? (option.Required ? $"{option.Name} is required: specify {Example(option)}" : null)
            : given < option.Arity.MinimumNumberOfValues ? $"{option.Name} requires a value: specify {Example(option)}"
            : given > option.Arity.MaximumNumberOfValues || Repeated(result) ? $"{option.Name} can be given only once"
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
        $"`{path}` requires {argument.Name.ToUpperInvariant()}: {char.ToLowerInvariant(argument.Description![0])}{argument.Description[1..]}";
}
