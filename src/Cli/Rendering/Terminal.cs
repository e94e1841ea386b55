using Spectre.Console;

namespace Coder.Mesh.Cli.Rendering;

/// <summary>An output stream and its capabilities.</summary>
internal sealed class Terminal
{
    private readonly TextWriter _writer;

    /// <param name="writer">Where text goes.</param>
    /// <param name="interactive">Whether it is a terminal, rather than a pipe or a file.</param>
    /// <param name="color">Whether to use colours.</param>
    /// <param name="width">Its width in columns; that of the terminal if null.</param>
    public Terminal(TextWriter writer, bool interactive, bool color, int? width = null)
    {
        _writer = writer;
        Interactive = interactive;
        Console = AnsiConsole.Create(
            new AnsiConsoleSettings
            {
                Ansi = interactive ? AnsiSupport.Detect : AnsiSupport.No,
                ColorSystem = interactive && color ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
                Interactive = interactive ? InteractionSupport.Yes : InteractionSupport.No,
                Out = new AnsiConsoleOutput(writer),
            }
        );
        if (width is { } columns)
            Console.Profile.Width = columns;
    }

    public bool Interactive { get; }

    public IAnsiConsole Console { get; }

    public static Terminal Stdout(Func<string, string?> env) =>
        new(ClosingPipe.OfStdout() ?? System.Console.Out, !System.Console.IsOutputRedirected, WantsColor(env));

    public static Terminal Stderr(Func<string, string?> env) =>
        new(System.Console.Error, !System.Console.IsErrorRedirected, WantsColor(env));

    /// <summary>Writes text unchanged.</summary>
    public void Write(string text) => _writer.Write(text);

    /// <summary>Writes a line whose first word is coloured on a terminal.</summary>
    public void WriteLabelled(string label, string style, string rest)
    {
        if (Interactive)
            Console.Write(new Markup($"[{style}]{Markup.Escape(label)}[/]"));
        else
            _writer.Write(label);
        // Not through Spectre, which inserts line breaks that would be copied.
        _writer.Write($"{rest}\n");
    }

    // https://no-color.org: set and not empty.
    private static bool WantsColor(Func<string, string?> env) =>
        string.IsNullOrEmpty(env("NO_COLOR")) && env("TERM") != "dumb";
}
