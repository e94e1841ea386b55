using System.CommandLine;
using System.Text;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Errors;

namespace Coder.Mesh.Cli.Tests.Support;

/// <summary>What docs/cli.md has from the commands themselves, in Markdown.</summary>
internal static class Reference
{
    public static string Commands(RootCommand root)
    {
        var text = new StringBuilder("Every command takes these options:\n\n");
        Rows(text, "option", root.Options.Where(o => o.Recursive).Select(Row));
        foreach (var command in root.Subcommands)
            Write(text, "mesh", command);
        return text.ToString();
    }

    public static string Exits()
    {
        var text = new StringBuilder("| code | meaning |\n|---|---|\n");
        foreach (var (code, meaning, more) in ExitCodes.All)
            text.Append($"| {code} | {Cell(meaning)}{(more.Length > 0 ? $"; {more}" : "")} |\n");
        return text.ToString();
    }

    private static void Write(StringBuilder text, string path, Command command)
    {
        path = $"{path} {command.Name}";
        text.Append($"\n### {path}\n\n{Cell(command.Description)}");
        if (command.Aliases.Count > 0)
            text.Append($" Also: {string.Join(", ", command.Aliases.Select(a => $"`{a}`"))}.");
        text.Append($"\n\n```\n{Synopsis(path, command)}\n```\n");
        var rows = command
            .Arguments.Select(a => ($"`<{a.Name}>`", Cell(a.Description)))
            .Concat(command.Options.Where(o => !o.Hidden).Select(Row))
            .ToList();
        if (rows.Count > 0)
        {
            text.Append('\n');
            Rows(text, "argument or option", rows);
        }
        if (command is MeshCommand { Subcommands.Count: 0 } leaf)
            text.Append($"\n```\n{string.Join('\n', leaf.Examples)}\n```\n");
        foreach (var child in command.Subcommands)
            Write(text, path, child);
    }

    private static string Synopsis(string path, Command command)
    {
        if (command.Subcommands.Count > 0)
            return $"{path} {string.Join('|', command.Subcommands.Select(c => c.Name))}";
        var words = command
            .Arguments.Select(a =>
                a.Arity.MinimumNumberOfValues == 0 ? $"[<{a.Name}>]"
                : a.Arity.MaximumNumberOfValues > 1 ? $"<{a.Name}>..."
                : $"<{a.Name}>"
            )
            .Concat(command.Options.Where(o => o.Required).Select(o => $"{o.Name} <{o.HelpName}>"))
            .Append("[options]");
        return $"{path} {string.Join(' ', words)}";
    }

    private static (string, string) Row(Option option)
    {
        var names = option
            .Aliases.Where(a => a is not ("/?" or "/h" or "-?"))
            .OrderBy(a => a.Length)
            .Append(option.Name);
        var value = option.ValueType == typeof(bool) && option.HelpName is null ? "" : $" <{option.HelpName}>";
        var more =
            option.HasDefaultValue && option.ValueType != typeof(bool) ? $" [default: {option.GetDefaultValue()}]" : "";
        return (
            $"`{(string.Join(", ", names) + (option is System.CommandLine.Help.HelpOption ? "" : value)).Replace("|", "\\|", StringComparison.Ordinal)}`",
            Cell($"{option.Description}{more}{(option.Required ? " (required)" : "")}")
        );
    }

    private static void Rows(StringBuilder text, string title, IEnumerable<(string Name, string What)> rows)
    {
        text.Append($"| {title} | |\n|---|---|\n");
        foreach (var (name, what) in rows)
            text.Append($"| {name} | {what} |\n");
    }

    private static string Cell(string? text) =>
        (text ?? "").Replace("|", "\\|", StringComparison.Ordinal).Replace("<", "\\<", StringComparison.Ordinal);
}
