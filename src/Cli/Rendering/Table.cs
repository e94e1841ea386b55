using System.Text;
using Spectre.Console;

namespace Coder.Mesh.Cli.Rendering;

/// <summary>Rows under headers. On a terminal it fits the width; anywhere else each row is one whole, aligned line.</summary>
internal sealed class Table(params string[] headers)
{
    private const int Gap = 3;
    private const int GapOnTerminal = 2;

    // Narrower, and words would break.
    private const int LeastWidth = 8;

    private readonly List<string[]> _rows = [];

    /// <summary>Columns that a narrow terminal does without, the first one first.</summary>
    public IReadOnlyList<string> LeftOutFirst { get; init; } = [];

    public void Add(params string[] cells) => _rows.Add([.. cells.Select(Text.OneLine)]);

    public void Write(Terminal terminal)
    {
        var natural = headers.Select((header, i) => _rows.Select(row => row[i].Length).Append(header.Length).Max());
        if (terminal.Interactive)
            WriteFitting(terminal.Console, [.. natural]);
        else
            terminal.Write(Lines([.. natural]));
    }

    private string Lines(int[] widths)
    {
        var text = new StringBuilder();
        foreach (var row in _rows.Prepend(headers))
        {
            // The last column is not padded: no line ends in spaces.
            var cells = row.Select((cell, i) => i == row.Length - 1 ? cell : cell.PadRight(widths[i] + Gap));
            text.Append(string.Concat(cells).TrimEnd()).Append('\n');
        }
        return text.ToString();
    }

    private void WriteFitting(IAnsiConsole console, int[] widths)
    {
        var kept = Kept(widths, console.Profile.Width);
        Shrink(widths, kept, console.Profile.Width);
        var table = new Spectre.Console.Table { Border = TableBorder.None };
        foreach (var i in kept)
            table.AddColumn(
                new TableColumn(new Markup($"[bold]{Markup.Escape(headers[i])}[/]"))
                {
                    Width = widths[i],
                    Padding = new Padding(0, 0, i == kept[^1] ? 0 : GapOnTerminal, 0),
                }
            );
        foreach (var row in _rows)
            table.AddRow(kept.Select(i => new Markup(Markup.Escape(row[i]), Styles.Of(row[i]))));
        console.Write(table);
    }

    private List<int> Kept(int[] widths, int available)
    {
        var kept = Enumerable.Range(0, headers.Length).ToList();
        foreach (var header in LeftOutFirst)
            if (Total(widths, kept) > available)
                kept.Remove(Array.IndexOf(headers, header));
        return kept;
    }

    /// <summary>Takes what is too much from whichever column is widest; the first, a name, stays whole.</summary>
    private static void Shrink(int[] widths, List<int> kept, int available)
    {
        while (Total(widths, kept) > available)
        {
            var widest = kept.Skip(1).MaxBy(i => widths[i]);
            if (widths[widest] <= LeastWidth)
                return;
            widths[widest]--;
        }
    }

    private static int Total(int[] widths, List<int> kept) =>
        kept.Sum(i => widths[i]) + (GapOnTerminal * (kept.Count - 1));
}
