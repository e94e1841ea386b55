using Spectre.Console;

namespace Coder.Mesh.Cli.Rendering;

/// <summary>A table that fits the width of a terminal; elsewhere, each row is one aligned line.</summary>
internal sealed class Table(params string[] headers)
{
    private const int Gap = 3;
    private const int GapOnTerminal = 2;

    // Narrower columns would break words.
    private const int MinWidth = 8;

    private readonly List<string[]> _rows = [];

    /// <summary>Columns that are left out on narrow terminals, in this order.</summary>
    public IReadOnlyList<string> LeftOutFirst { get; init; } = [];

    /// <summary>Whether the headers are shown.</summary>
    public bool Headers { get; set; } = true;

    public void Add(params string[] cells) => _rows.Add([.. cells.Select(Text.OneLine)]);

    public void Write(Terminal terminal)
    {
        if (terminal.Interactive)
        {
            terminal.Console.Write(Fitting(terminal.Console.Profile.Width));
            return;
        }

        var widths = Natural();
        var rows = Headers ? _rows.Prepend(headers) : _rows;
        terminal.Write(string.Concat(rows.Select(row => Line(row, widths))));
    }

    /// <summary>Formats a row as an aligned line.</summary>
    public static string Line(string[] row, int[] widths)
    {
        // The last column is not padded, so that no line ends in spaces.
        var cells = row.Select(
            (cell, i) => i == row.Length - 1 ? cell : cell + new string(' ', widths[i] - Text.Width(cell) + Gap)
        );
        return string.Concat(cells).TrimEnd() + "\n";
    }

    /// <summary>Fits the table to the width of a terminal.</summary>
    public Spectre.Console.Table Fitting(int available)
    {
        var widths = Natural();
        var kept = Kept(widths, available);
        Shrink(widths, kept, available);
        var table = new Spectre.Console.Table { Border = TableBorder.None, ShowHeaders = Headers };
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
        return table;
    }

    private int[] Natural() =>
        [
            .. headers.Select(
                (header, i) => _rows.Select(row => Text.Width(row[i])).Append(Headers ? header.Length : 0).Max()
            ),
        ];

    private List<int> Kept(int[] widths, int available)
    {
        var kept = Enumerable.Range(0, headers.Length).ToList();
        foreach (var header in LeftOutFirst)
            if (Total(widths, kept) > available)
                kept.Remove(Array.IndexOf(headers, header));
        return kept;
    }

    /// <summary>Shrinks the widest columns, except for the first, which is the name.</summary>
    private static void Shrink(int[] widths, List<int> kept, int available)
    {
        while (Total(widths, kept) > available)
        {
            var widest = kept.Skip(1).MaxBy(i => widths[i]);
            if (widths[widest] <= MinWidth)
                return;
            widths[widest]--;
        }
    }

    private static int Total(int[] widths, List<int> kept) =>
        kept.Sum(i => widths[i]) + (GapOnTerminal * (kept.Count - 1));
}
