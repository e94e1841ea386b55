using System.Text;
using Spectre.Console;

namespace Coder.Mesh.Cli.Rendering;

/// <summary>The fields of one resource, a line each: "Status:   ready".</summary>
internal sealed class Fields
{
    private const int Gap = 3;
    private readonly List<(string Name, string Value)> _fields = [];

    /// <summary>Adds a field; shown as "-" if it has no value.</summary>
    public Fields Add(string name, string? value)
    {
        _fields.Add((name + ":", Text.OrNone(Text.OneLine(value ?? ""))));
        return this;
    }

    /// <summary>Adds a field if it has a value.</summary>
    public Fields AddIfAny(string name, string? value) => string.IsNullOrWhiteSpace(value) ? this : Add(name, value);

    public void Write(Terminal terminal)
    {
        var width = _fields.Max(f => f.Name.Length) + Gap;
        if (terminal.Interactive)
        {
            var grid = new Grid();
            grid.AddColumn(new GridColumn { NoWrap = true, Padding = new Padding(0, 0, Gap, 0) });
            grid.AddColumn(new GridColumn { Padding = new Padding(0, 0, 0, 0) });
            foreach (var (name, value) in _fields)
                grid.AddRow(new Markup(Markup.Escape(name)), new Markup(Markup.Escape(value), Styles.Of(value)));
            terminal.Console.Write(grid);
            return;
        }

        var text = new StringBuilder();
        foreach (var (name, value) in _fields)
            text.Append(name.PadRight(width)).Append(value).Append('\n');
        terminal.Write(text.ToString());
    }
}
