using System.Threading.Channels;
using Coder.Mesh.Cli.Commands;
using Coder.Mesh.Protocol.Client;
using Google.Protobuf;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Coder.Mesh.Cli.Watching;

/// <summary>A table on a terminal that is redrawn after changes, and every second to update ages.</summary>
internal sealed class LiveTable<T>
    where T : IMessage
{
    // Limits the rate of redraws.
    private static readonly TimeSpan RedrawInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan AgeInterval = TimeSpan.FromSeconds(1);

    // The headers, the number of omitted rows, a warning, and the line of the cursor.
    private const int OtherLines = 4;

    private readonly Invocation _run;
    private readonly WatchView<T> _view;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, T> _resources = [];
    private readonly Channel<bool> _news = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite }
    );
    private string _note = "";

    private LiveTable(Invocation run, WatchView<T> view) => (_run, _view) = (run, view);

    /// <param name="run">The run.</param>
    /// <param name="view">Formats the resources.</param>
    /// <param name="follow">Reads the changes, and reports them to the table.</param>
    /// <param name="ct">Ends the watch.</param>
    public static async Task Show(
        Invocation run,
        WatchView<T> view,
        Func<LiveTable<T>, Task> follow,
        CancellationToken ct
    )
    {
        var table = new LiveTable<T>(run, view);
        await run
            .Output.Shown.Console.Live(new Spectre.Console.Text(""))
            .Overflow(VerticalOverflow.Ellipsis)
            .Cropping(VerticalOverflowCropping.Bottom)
            .StartAsync(live => table.Draw(live, follow, ct));
    }

    public void Report(WatchEvent<T> happened)
    {
        lock (_lock)
        {
            if (happened is ResourceChanged<T> changed)
                _resources[_view.Id(changed.Resource)] = changed.Resource;
            else if (happened is ResourceRemoved<T> removed)
                _resources.Remove(_view.Id(removed.Resource));
            if (happened is not WatchInterrupted<T>)
                _note = "";
        }
        _news.Writer.TryWrite(true);
    }

    public void Note(string message)
    {
        lock (_lock)
            _note = message;
        _news.Writer.TryWrite(true);
    }

    private async Task Draw(LiveDisplayContext live, Func<LiveTable<T>, Task> follow, CancellationToken ct)
    {
        var following = follow(this);
        while (!following.IsCompleted && !ct.IsCancellationRequested)
        {
            var news = _news.Reader.WaitToReadAsync(ct).AsTask();
            await Task.WhenAny(following, news, Task.Delay(AgeInterval, _run.Time, ct));
            _news.Reader.TryRead(out _);
            live.UpdateTarget(Picture());
            await Task.WhenAny(following, Task.Delay(RedrawInterval, _run.Time, ct));
        }
        await following;
    }

    private Rows Picture()
    {
        lock (_lock)
        {
            var profile = _run.Output.Shown.Console.Profile;
            var room = Math.Max(1, profile.Height - OtherLines);
            var first = _view.Order(_resources.Values).Take(room);
            var table = _view.Tabulate(first);
            table.Headers = !_run.NoHeaders;
            var picture = new List<IRenderable> { table.Fitting(profile.Width) };
            if (_resources.Count > room)
                picture.Add(new Markup($"and {_resources.Count - room} more (the terminal is too small)"));
            if (_note.Length > 0)
                picture.Add(new Markup($"[yellow]warning:[/] {Markup.Escape(Rendering.Text.OneLine(_note))}"));
            return new Rows(picture);
        }
    }
}
