using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.V1;
using Spectre.Console;

namespace Coder.Mesh.Cli.Workspaces;

/// <summary>Shows how a wait goes: a live line on a terminal, a line per change anywhere else.</summary>
internal sealed class WaitProgress
{
    // More names than this would fill the line; the rest is counted.
    private const int Named = 3;

    private readonly Output _output;
    private readonly Workspace[] _seen;
    private readonly StatusContext? _live;
    private readonly string?[] _told;
    private readonly List<Action> _later = [];

    private WaitProgress(Output output, Workspace[] seen, StatusContext? live)
    {
        (_output, _seen, _live) = (output, seen, live);
        _told = new string?[seen.Length];
    }

    /// <param name="output">Where it is shown.</param>
    /// <param name="seen">The workspaces, which the poll updates in place.</param>
    /// <param name="poll">The wait itself.</param>
    public static async Task Show(Output output, Workspace[] seen, Func<WaitProgress, Task> poll)
    {
        if (!output.Talk.Interactive)
        {
            await poll(new WaitProgress(output, seen, live: null));
            return;
        }

        WaitProgress? progress = null;
        try
        {
            await output
                .Talk.Console.Status()
                .StartAsync(Summary(seen), live => poll(progress = new WaitProgress(output, seen, live)));
        }
        finally
        {
            progress?._later.ForEach(tell => tell());
        }
    }

    /// <summary>Tells something, after the live line has gone if there is one: it would be drawn over.</summary>
    public void Tell(Action tell)
    {
        if (_live is null)
            tell();
        else
            _later.Add(tell);
    }

    /// <summary>Tells something that may pass.</summary>
    public void Note(string message)
    {
        if (_live is null)
            _output.Warning(message);
        else
            _live.Status(Markup.Escape(Rendering.Text.OneLine(message)));
    }

    /// <summary>Tells what has happened to one of them: above the live line, where it stays.</summary>
    public void Happened(int index, IEnumerable<TimelineEntry> news)
    {
        foreach (var entry in news)
        {
            var line = $"workspace \"{_seen[index].Name}\": {TimelineText.Line(entry)}";
            if (_live is null)
                _output.Info(line);
            else
                _output.Talk.Console.MarkupLine($"[blue]info:[/] {Markup.Escape(Rendering.Text.OneLine(line))}");
        }
    }

    /// <summary>Tells how one of them is, if that is new.</summary>
    public void Changed(int index)
    {
        var how = How(_seen[index]);
        if (_live is not null)
            _live.Status(Summary(_seen));
        else if (_told[index] != how)
            _output.Info($"workspace \"{_seen[index].Name}\" is {how}");
        _told[index] = how;
    }

    private static string Summary(Workspace[] seen)
    {
        var named = seen.Take(Named).Select(w => $"{w.Name}: {How(w)}");
        var more = seen.Length > Named ? $" and {seen.Length - Named} more" : "";
        return Markup.Escape(Rendering.Text.OneLine(string.Join(" · ", named) + more));
    }

    /// <summary>Its state; one from before the wish would read as its outcome.</summary>
    public static string How(Workspace w)
    {
        var word = WorkspaceText.Word(w);
        var acted = w.ObservedGeneration >= w.Generation;
        if (w.Summary is { WaitingFor: var cause } summary)
        {
            var still = !acted && summary.State is (WorkspaceState.Running or WorkspaceState.Stopped);
            return $"{(still ? "still " : "")}{word}{(cause.Length > 0 ? $": waiting for {cause}" : "")}";
        }

        return acted || w.State is WorkspaceState.Pending or WorkspaceState.Deleting
            ? word
            : $"still {word}: its agent has not acted yet";
    }
}
