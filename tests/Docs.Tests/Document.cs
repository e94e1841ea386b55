using System.Reflection;
using System.Text.RegularExpressions;

namespace Coder.Mesh.Docs.Tests;

/// <summary>A page of docs/, as far as tests read it: headings, tables, fenced blocks.</summary>
internal sealed partial class Document
{
    /// <summary>The repository.</summary>
    public static readonly string Root = typeof(Document)
        .Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(a => a.Key == "RepoRoot")
        .Value!;

    private readonly string[] _lines;

    private Document(string[] lines) => _lines = lines;

    public static Document Read(string name) => new(File.ReadAllLines(Path.Combine(Root, "docs", name)));

    /// <summary>The C# files below a folder of the repository, by path.</summary>
    public static IEnumerable<(string Path, string Text)> Sources(string folder) =>
        Directory
            .EnumerateFiles(Path.Combine(Root, folder), "*.cs", SearchOption.AllDirectories)
            .Where(f => !f.Contains("/obj/", StringComparison.Ordinal))
            .Select(f => (f, File.ReadAllText(f)));

    /// <summary>What stands under a heading, up to the next one of its level or above.</summary>
    public Document Under(string heading)
    {
        var start = Array.IndexOf(_lines, heading);
        Assert.True(start >= 0, $"There is no heading \"{heading}\".");
        var level = heading.IndexOf(' ', StringComparison.Ordinal);
        return new Document([
            .. _lines.Skip(start + 1).TakeWhile(l => HeadingLevel(l) is not { } other || other > level),
        ]);
    }

    /// <summary>The rows of all tables whose first cell is a name in backticks.</summary>
    public IReadOnlyList<string[]> Rows() =>
        [
            .. _lines
                .Where(l => l.StartsWith("| `", StringComparison.Ordinal))
                .Select(l => l.Trim().Trim('|').Split('|').Select(c => c.Trim()).ToArray()),
        ];

    /// <summary>What stands between a line and the next place where the end is.</summary>
    public string BlockAfter(string line, string end)
    {
        var text = string.Join('\n', _lines);
        var start = text.IndexOf($"\n{line}\n", StringComparison.Ordinal);
        Assert.True(start >= 0, $"There is no line \"{line}\".");
        start += line.Length + 2;
        return text[start..text.IndexOf(end, start, StringComparison.Ordinal)];
    }

    /// <summary>The paragraph that starts so.</summary>
    public string Paragraph(string start) =>
        string.Join(
            ' ',
            _lines.SkipWhile(l => !l.StartsWith(start, StringComparison.Ordinal)).TakeWhile(l => l.Length > 0)
        );

    /// <summary>The words in backticks in a cell.</summary>
    public static IEnumerable<string> Words(string cell) => Backticked().Matches(cell).Select(m => m.Groups[1].Value);

    private static int? HeadingLevel(string line) =>
        HeadingStart().Match(line) is { Success: true } m ? m.Length - 1 : null;

    [GeneratedRegex("^#+ ")]
    private static partial Regex HeadingStart();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Backticked();
}
