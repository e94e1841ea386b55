using System.Text;
using Spectre.Console;

namespace Coder.Mesh.Cli.Rendering;

/// <summary>Rows under headers. On a terminal it fits the width; anywhere else each row is one whole, aligned line.</summary>
internal sealed class Table(params string[] headers)
{
    private const int Gap = 3;
    private readonly List<string[]> _rows = [];

    public void Add(params string[] cells) => _rows.Add([.. cells.Select(Text.OneLine)]);

    public void Write(Terminal terminal)
    {
        if (terminal.Interactive)
            WriteFitting(terminal);
        else
            terminal.Write(Lines());
    }

    private string Lines()
    {
        string[][] all = [headers, .. _rows];
        var widths = headers.Select((_, column) => all.Max(row => row[column].Length)).ToArray();
        var text = new StringBuilder();
        foreach (var row in all)
        {
            // The last column is not padded: no line ends in spaces.
            var cells = row.Select((cell, i) => i == row.Length - 1 ? cell : cell.PadRight(widths[i] + Gap));
            text.Append(string.Concat(cells).TrimEnd()).Append('\n');
        }
        return text.ToString();
    }

    private void WriteFitting(Terminal terminal)
    {
        var table = new Spectre.Console.Table { Border = TableBorder.None, ShowHeaders = true };
        foreach (var header in headers)
            table.AddColumn(
                new TableColumn(new Markup($"[bold]{Markup.Escape(header)}[/]")) { Padding = new Padding(0, 0, Gap, 0) }
            );
        foreach (var row in _rows)
            table.AddRow(row.Select(cell => new Markup(Markup.Escape(cell), Styles.Of(cell))));
        terminal.Console.Write(table);
    }
}
