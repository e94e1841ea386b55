using Coder.Mesh.Cli.Rendering;

namespace Coder.Mesh.Cli.Watching;

/// <summary>
/// A table whose rows are added over time: the first rows set the widths, and longer cells widen columns.
/// </summary>
internal sealed class GrowingTable(Terminal terminal, string[] headers, bool withHeaders)
{
    private readonly List<string[]> _first = withHeaders ? [headers] : [];
    private int[]? _widths;

    public void Add(string[] cells)
    {
        string[] row = [.. cells.Select(Text.OneLine)];
        if (_widths is null)
        {
            _first.Add(row);
            return;
        }
        for (var i = 0; i < row.Length; i++)
            _widths[i] = Math.Max(_widths[i], Text.Width(row[i]));
        terminal.Write(Table.Line(row, _widths));
    }

    /// <summary>Writes the rows added so far; later ones are written immediately.</summary>
    public void Write()
    {
        if (_widths is not null)
            return;
        _widths = [.. headers.Select((_, i) => _first.Select(row => Text.Width(row[i])).DefaultIfEmpty().Max())];
        terminal.Write(string.Concat(_first.Select(row => Table.Line(row, _widths))));
    }
}
