using Coder.Mesh.Cli.Rendering;

namespace Coder.Mesh.Cli.Watching;

/// <summary>Rows that come one by one: the first ones decide how wide the columns are, a longer one widens them.</summary>
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

    /// <summary>Writes what has come so far; what comes from now on is written as it comes.</summary>
    public void Write()
    {
        if (_widths is not null)
            return;
        _widths = [.. headers.Select((_, i) => _first.Select(row => Text.Width(row[i])).DefaultIfEmpty().Max())];
        terminal.Write(string.Concat(_first.Select(row => Table.Line(row, _widths))));
    }
}
