using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using Coder.Mesh.Cli.Commands;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Rendering;

namespace Coder.Mesh.Cli.Completion;

/// <summary>
/// What the directive [suggest] answers to a shell: a line for each way to go on from the command line so far, which is the
/// word, a tab, and what it means. It never fails and never speaks on stderr: a shell would print that into the line.
/// </summary>
internal sealed class Suggestions(CliHost host) : SynchronousCommandLineAction
{
    /// <summary>Stands in for the words where the shell knows them better.</summary>
    public const string Files = ":files";

    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        var typed = parseResult.Tokens.LastOrDefault(t => t.Type != TokenType.Directive)?.Value ?? "";
        var root = parseResult.RootCommandResult.Command;
        // Only here: help, errors and everything else see commands that know no names and call nobody.
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
        // To the parser --option=val is complete; --option val can still be gone on with.
        var prefix = word.StartsWith("--", StringComparison.Ordinal) ? word[..(word.IndexOf('=') + 1)] : "";
        if (prefix.Length > 0)
            (before, word) = ($"{before}{prefix[..^1]} ", word[prefix.Length..]);

        // Past its own name, by which the program may be called from anywhere.
        var afterName = before.IndexOf(' ') is var end and >= 0 ? before[end..] : "";
        var line = root.Parse($"{root.Name}{afterName}{word}");
        var context = line.GetCompletionContext();
        var option = LastOption(line, afterName);
        if (option is not null && (prefix.Length > 0 || option.ValueType != typeof(bool)))
            return option.HelpName == "file" ? [Files] : Values(option, context, prefix, word);
        if (line.UnmatchedTokens.Any(t => t != word))
            return [];
        // After a flag comes anything: that it could also be followed by its value is no help.
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
            // Options are many, and wanted by who types a dash. Those with a slash are another system's.
            .Where(i => word.StartsWith('-') || i.Label[0] is not ('-' or '/'))
            // Another name of the same is told only where the first is not meant.
            .OrderBy(i => aliases.Contains(i.Label))
            .DistinctBy(i => string.IsNullOrEmpty(i.Detail) || i.Label.StartsWith('-') ? i.Label : i.Detail)
            .OrderBy(i => i.Label, StringComparer.Ordinal)
            .Select(i => $"{i.Label}\t{Text.OneLine(i.Detail ?? "")}");
    }
}
