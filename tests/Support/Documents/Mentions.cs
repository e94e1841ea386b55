using System.Runtime.CompilerServices;
using System.Text;
using System.Text.RegularExpressions;

namespace Coder.Mesh.Tests.Support.Documents;

/// <summary>A command of <c>mesh</c> that a text names.</summary>
/// <param name="Where">File and line.</param>
/// <param name="Words">What stands after <c>mesh</c>, word by word, without quotes.</param>
public sealed record Mention(string Where, IReadOnlyList<string> Words)
{
    public override string ToString() => $"{Where}: mesh {string.Join(' ', Words)}";
}

/// <summary>Finds the commands of <c>mesh</c> that documents, sources and recorded output name.</summary>
public static partial class Mentions
{
    /// <summary>Stands for what a message fills in, unlike a placeholder, which is for its reader to fill in.</summary>
    public const string Known = "given";

    /// <summary>In backticks, and on lines of their own in blocks; not what the program has generated.</summary>
    public static IEnumerable<Mention> InDocuments() =>
        Directory
            .EnumerateFiles(Path.Combine(Root(), "docs"), "*.md", SearchOption.AllDirectories)
            .Append(Path.Combine(Root(), "README.md"))
            .SelectMany(file => InDocument(file, Generated().Replace(File.ReadAllText(file), Blank)));

    /// <summary>
    /// In texts that the control plane and the CLI make: quoted, in backticks, or after a word and a colon.
    /// </summary>
    public static IEnumerable<Mention> InSources() =>
        new[] { "src/Cli", "src/ControlPlane" }
            .SelectMany(folder =>
                Directory.EnumerateFiles(Path.Combine(Root(), folder), "*.cs", SearchOption.AllDirectories)
            )
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal))
            .SelectMany(file =>
                Lines(file, File.ReadAllText(file))
                    .Where(line => !line.Text.TrimStart().StartsWith("//", StringComparison.Ordinal))
                    .SelectMany(line =>
                        InString()
                            .Matches(
                                Filled()
                                    .Replace(
                                        line.Text,
                                        m => m.Value.Contains("imit", StringComparison.Ordinal) ? "N" : Known
                                    )
                            )
                            .SelectMany(m => Of(line.Where, m.Value))
                    )
            );

    /// <summary>In a line that is a command, or a pipe that begins with one.</summary>
    public static IEnumerable<Mention> InText(string where, string text) =>
        OnItsOwn().Matches(text).SelectMany(m => Of(where, m.Value));

    /// <summary>In the last column of the tables of a page in docs/, by the name in the first.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<Mention>> Remedies(string page)
    {
        var file = Path.Combine(Root(), "docs", page);
        return Lines(file, File.ReadAllText(file))
            .Where(line => line.Text.StartsWith("| `", StringComparison.Ordinal))
            .Select(line => (line.Where, Cells: line.Text.Trim().Trim('|').Split(" | ")))
            .ToLookup(row => row.Cells[0].Trim(' ', '`'), row => InLine(row.Where, row.Cells[^1]))
            .ToDictionary(row => row.Key, IReadOnlyList<Mention> (row) => [.. row.SelectMany(m => m)]);
    }

    /// <summary>In what the program wrote in tests: tips, and commands to copy.</summary>
    public static IEnumerable<Mention> InOutput() =>
        Directory
            .EnumerateFiles(Path.Combine(Root(), "tests", "Cli.Tests", "Expected"), "*.txt")
            .Where(file => !Path.GetFileName(file).StartsWith("help-", StringComparison.Ordinal))
            .SelectMany(file =>
                Lines(file, File.ReadAllText(file))
                    // An error in the command line names what was called, as it was.
                    .Where(line => !line.Text.StartsWith("error: `mesh", StringComparison.Ordinal))
                    .SelectMany(line => InOutputLine().Matches(line.Text).SelectMany(m => Of(line.Where, m.Value)))
            );

    private static IEnumerable<Mention> InDocument(string file, string text) =>
        Lines(file, text).SelectMany(line => InLine(line.Where, line.Text));

    private static IEnumerable<Mention> InLine(string where, string text) =>
        Backticked().Matches(text).Concat(OnItsOwn().Matches(text)).SelectMany(m => Of(where, m.Value));

    private static IEnumerable<(string Where, string Text)> Lines(string file, string text) =>
        text.Split('\n').Select((line, i) => ($"{Path.GetRelativePath(Root(), file)}:{i + 1}", line));

    /// <summary>One mention, or several where words have alternatives: <c>orgs allow\|disallow</c>.</summary>
    private static IEnumerable<Mention> Of(string where, string text)
    {
        var alternatives = new List<List<string>> { new() };
        foreach (var word in Words(Rest().Replace(text, "")))
        {
            var choices = word.Split('|', StringSplitOptions.RemoveEmptyEntries);
            alternatives = [.. choices.SelectMany(c => alternatives.Select(a => new List<string>([.. a, c])))];
        }

        return alternatives.Select(words => new Mention(where, words));
    }

    /// <summary>
    /// As a shell splits them. What follows a pipe, a redirection or a sign of omission is no word of it.
    /// </summary>
    private static IEnumerable<string> Words(string text)
    {
        var (word, quote, begun) = (new StringBuilder(), '\0', false);
        foreach (var c in $"{text.Replace("\\|", "|", StringComparison.Ordinal)} ")
        {
            if (c == quote)
                quote = '\0';
            else if (quote == '\0' && c is '\'' or '"' && quote == '\0')
                (quote, begun) = (c, true);
            else if (c != ' ' || quote != '\0')
                (_, begun) = (word.Append(c), true);
            else if (begun)
            {
                if (word.ToString() is "|" or ">" or "<" or "&&" or "#" or "2>")
                    yield break;
                if (
                    word.ToString().Trim('[', ']') is var plain and not ("…" or "...")
                    && (plain.Length > 0 || word.Length == 0)
                )
                    yield return plain;
                (_, begun) = (word.Clear(), false);
            }
        }
    }

    private static string Root([CallerFilePath] string path = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, "..", "..", ".."));

    private static string Blank(Match match) => new('\n', match.Value.Count(c => c == '\n'));

    [GeneratedRegex(@"(?s)<!-- generated: (?<what>[a-z ]+) -->.*?<!-- end of \k<what> -->")]
    private static partial Regex Generated();

    [GeneratedRegex(@"(?<=`(?:[\w./]*/)?mesh )[^`]+")]
    private static partial Regex Backticked();

    [GeneratedRegex(@"(?<=^\s*(?:\$ )?(?:[\w./]*/)?mesh )[a-z-][^`]*$")]
    private static partial Regex OnItsOwn();

    [GeneratedRegex(@"(?<=(?:\\""|`|: )mesh )[a-z-][^\\""`,;(]*")]
    private static partial Regex InString();

    [GeneratedRegex(@"\{[^{}]+\}")]
    private static partial Regex Filled();

    [GeneratedRegex(@"(?<=(?:^    |tip: |[""`])mesh )[a-z-][^""`,;\\]*")]
    private static partial Regex InOutputLine();

    // A sentence may go on behind a command.
    [GeneratedRegex(@"[.:]?\s*$|\s+(?:lists|allows|says|shows|ends)\b.*$")]
    private static partial Regex Rest();
}
