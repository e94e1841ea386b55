using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.V1;
using Spectre.Console;

namespace Coder.Mesh.Cli.Workspaces;

/// <summary>Shows the progress of a wait: a live line on a terminal, a line for each change elsewhere.</summary>
internal sealed class WaitProgress
{
    // More names than this would fill the line; the rest is counted.
    private const int Named = 3;

    private readonly Output _output;
    private readonly Workspace[] _seen;
    private readonly StatusContext? _live;
    private readonly string?[] _shown;
    private readonly List<Action> _deferred = [];

    private WaitProgress(Output output, Workspace[] seen, StatusContext? live)
    {
        (_output, _seen, _live) = (output, seen, live);
        _shown = new string?[seen.Length];
    }

    /// <param name="output">Where it is shown.</param>
    /// <param name="seen">The workspaces, updated in place.</param>
    /// <param name="wait">The wait itself.</param>
    public static async Task Show(Output output, Workspace[] seen, Func<WaitProgress, Task> wait)
    {
        if (!output.Talk.Interactive)
        {
            await wait(new WaitProgress(output, seen, live: null));
            return;
        }

        WaitProgress? progress = null;
        try
        {
            await output
                .Talk.Console.Status()
                .StartAsync(Summary(seen), live => wait(progress = new WaitProgress(output, seen, live)));
        }
        finally
        {
            progress?._deferred.ForEach(show => show());
        }
    }

    /// <summary>Shows a result, once a live line is gone: it would be drawn over.</summary>
    public void Defer(Action show)
    {
        if (_live is null)
            show();
        else
            _deferred.Add(show);
    }

    /// <summary>Shows a message that is replaced by the next progress.</summary>
    public void Note(string message)
    {
        if (_live is null)
            _output.Warning(message);
        else
            _live.Status(Markup.Escape(Rendering.Text.OneLine(message)));
    }

    /// <summary>Shows new timeline entries of a workspace, above the live line, where they stay.</summary>
    public void Happened(int index, IEnumerable<TimelineEntry> news)
    {
        foreach (var entry in news)
        {
            var line = $"workspace/{_seen[index].Name}: {TimelineText.Line(entry)}";
            if (_live is null)
                _output.Info(line);
            else
                _output.Talk.Console.MarkupLine($"[blue]info:[/] {Markup.Escape(Rendering.Text.OneLine(line))}");
        }
    }

    /// <summary>Shows the state of a workspace, if it has changed.</summary>
    public void Changed(int index)
    {
        var how = How(_seen[index]);
        if (_live is not null)
            _live.Status(Summary(_seen));
        else if (_shown[index] != how)
            _output.Info($"workspace/{_seen[index].Name} is {how}");
        _shown[index] = how;
    }

    private static string Summary(Workspace[] seen)
    {
        var named = seen.Take(Named).Select(w => $"{w.Name}: {How(w)}");
        var more = seen.Length > Named ? $" and {seen.Length - Named} more" : "";
        return Markup.Escape(Rendering.Text.OneLine(string.Join(" · ", named) + more));
    }

    /// <summary>Describes its state, marked as old where it is from before the command.</summary>
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
            : $"still {word}: its agent has not applied the change yet";
    }
}
