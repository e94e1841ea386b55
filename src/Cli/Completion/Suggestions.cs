using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using Coder.Mesh.Cli.Commands;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Rendering;

namespace Coder.Mesh.Cli.Completion;

/// <summary>
/// Implements the directive [suggest], which completion scripts call: prints a line for each completion, with the word,
/// a tab and its description. It never fails and never writes to stderr, which a shell would print into the command
/// line.
/// </summary>
internal sealed class Suggestions(CliHost host) : SynchronousCommandLineAction
{
    /// <summary>Printed in place of words where the shell should complete file names.</summary>
    public const string Files = ":files";

    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        var typed = parseResult.Tokens.LastOrDefault(t => t.Type != TokenType.Directive)?.Value ?? "";
        var root = parseResult.RootCommandResult.Command;
        // Added here only, so that help and errors never call the control plane.
        new Names(host).AddTo(root);
        host.Output.Suggestions(For(root, typed));
        return ExitCodes.Ok;
    }

    /// <param name="root">All commands.</param>
    /// <param name="typed">The command line up to the cursor, the program's own name first.</param>
    public static IEnumerable<string> For(Command root, string typed)
    {
        var start = typed.LastIndexOf(' ') + 1;
        var (before, word) = (typed[..start], typed[start..]);
        // The parser treats --option=val as complete, but --option val as incomplete.
        var prefix = word.StartsWith("--", StringComparison.Ordinal) ? word[..(word.IndexOf('=') + 1)] : "";
        if (prefix.Length > 0)
            (before, word) = ($"{before}{prefix[..^1]} ", word[prefix.Length..]);

        // Skips the name of the program, which may contain a path.
        var afterName = before.IndexOf(' ') is var end and >= 0 ? before[end..] : "";
        var line = root.Parse($"{root.Name}{afterName}{word}");
        var context = line.GetCompletionContext();
        var option = LastOption(line, afterName);
        if (option is not null && (prefix.Length > 0 || option.ValueType != typeof(bool)))
            return option.HelpName == "file" ? [Files] : Values(option, context, prefix, word);
        if (line.UnmatchedTokens.Any(t => t != word))
            return [];
        // The values true and false of a flag are not suggested.
        var completions = option is null ? line.GetCompletions() : line.CommandResult.Command.GetCompletions(context);
        return Matching(completions, line.CommandResult.Command, word);
    }

    private static Option? LastOption(ParseResult line, string before) =>
        before.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [.., var last] && last.StartsWith('-')
            ? line
                .CommandResult.Children.OfType<OptionResult>()
                .Concat(line.RootCommandResult.Children.OfType<OptionResult>())
                .FirstOrDefault(o => o.IdentifierToken?.Value == last)
                ?.Option
            : null;

    private static IEnumerable<string> Values(Option option, CompletionContext context, string prefix, string word) =>
        option
            .GetCompletions(context)
            .Select(i => option.ValueType == typeof(bool) ? i.Label.ToLowerInvariant() : i.Label)
            .Where(value => value.StartsWith(word, StringComparison.Ordinal))
            .Select(value => $"{prefix}{value}\t");

    private static IEnumerable<string> Matching(IEnumerable<CompletionItem> items, Command command, string word)
    {
        var aliases = command.Subcommands.SelectMany(c => c.Aliases).ToHashSet(StringComparer.Ordinal);
        return items
            .Where(i => i.Label.StartsWith(word, StringComparison.Ordinal))
            // Options are suggested only after a dash; those with a slash are for Windows.
            .Where(i => word.StartsWith('-') || i.Label[0] is not ('-' or '/'))
            // An alias is suggested only if the main name does not match.
            .OrderBy(i => aliases.Contains(i.Label))
            .DistinctBy(i => string.IsNullOrEmpty(i.Detail) || i.Label.StartsWith('-') ? i.Label : i.Detail)
            .OrderBy(i => i.Label, StringComparer.Ordinal)
            .Select(i => $"{i.Label}\t{Text.OneLine(i.Detail ?? "")}");
    }
}
