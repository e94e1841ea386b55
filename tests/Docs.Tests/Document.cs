using System.Reflection;
using System.Text.RegularExpressions;

namespace Coder.Mesh.Docs.Tests;

/// <summary>A page of docs/, as far as tests read it: headings, tables, fenced blocks.</summary>
internal sealed partial class Document
{
    private static readonly string Root = typeof(Document)
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

    /// <summary>Headings of the third level that are one code, such as <c>### `flapping`</c>.</summary>
    public IReadOnlyList<string> CodeHeadings() =>
        [.. _lines.Select(l => CodeHeading().Match(l)).Where(m => m.Success).Select(m => m.Groups[1].Value)];

    /// <summary>The rows of all tables, without their heads, each cell without its backticks.</summary>
    public IReadOnlyList<string[]> Rows() =>
        [
            .. _lines
                .Where((l, i) => l.StartsWith("| `", StringComparison.Ordinal) && !IsHead(i))
                .Select(l => l.Trim('|', ' ').Split(" | ").Select(c => c.Trim()).ToArray()),
        ];

    /// <summary>The lines of the first fenced block after a line.</summary>
    public string BlockAfter(string line, string end)
    {
        var text = string.Join('\n', _lines);
        var start = text.IndexOf($"\n{line}\n", StringComparison.Ordinal);
        Assert.True(start >= 0, $"There is no line \"{line}\".");
        start += line.Length + 2;
        return text[start..text.IndexOf(end, start, StringComparison.Ordinal)];
    }

    public bool Has(string start) => _lines.Any(l => l.StartsWith(start, StringComparison.Ordinal));

    /// <summary>The words in backticks in a cell.</summary>
    public static IEnumerable<string> Words(string cell) => Backticked().Matches(cell).Select(m => m.Groups[1].Value);

    /// <summary>The values of all constants of a class.</summary>
    public static IEnumerable<string> Constants(Type type) =>
        type.GetFields(BindingFlags.Public | BindingFlags.Static)
            .Where(f => f.IsLiteral)
            .Select(f => (string)f.GetRawConstantValue()!);

    public static void SameSet(IEnumerable<string> code, IReadOnlyCollection<string> document)
    {
        Assert.Equal(document.Count, document.Distinct().Count());
        Assert.Equal(code.Order(StringComparer.Ordinal), document.Order(StringComparer.Ordinal));
    }

    private bool IsHead(int line) =>
        line + 1 < _lines.Length && _lines[line + 1].StartsWith("|---", StringComparison.Ordinal);

    private static int? HeadingLevel(string line) =>
        HeadingStart().Match(line) is { Success: true } m ? m.Length - 1 : null;

    [GeneratedRegex("^#+ ")]
    private static partial Regex HeadingStart();

    [GeneratedRegex("^### `([a-z_]+)`$")]
    private static partial Regex CodeHeading();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Backticked();
}
