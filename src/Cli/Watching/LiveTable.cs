using System.Threading.Channels;
using Coder.Mesh.Cli.Commands;
using Coder.Mesh.Protocol.Client;
using Google.Protobuf;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Coder.Mesh.Cli.Watching;

/// <summary>A table on a terminal that is as things are: drawn anew after changes, and each second, for ages grow.</summary>
internal sealed class LiveTable<T>
    where T : IMessage
{
    // However many changes come, eyes take no more.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Ageing = TimeSpan.FromSeconds(1);

    // The headers, how many are left out, a warning, and the line that the cursor is on.
    private const int OtherLines = 4;

    private readonly Invocation _run;
    private readonly WatchView<T> _view;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, T> _there = [];
    private readonly Channel<bool> _news = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite }
    );
    private string _note = "";

    private LiveTable(Invocation run, WatchView<T> view) => (_run, _view) = (run, view);

    /// <param name="run">The run.</param>
    /// <param name="view">How things are shown.</param>
    /// <param name="follow">Reads the changes, and tells them.</param>
    /// <param name="ct">Ends it.</param>
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

    public void Tell(WatchEvent<T> happened)
    {
        lock (_lock)
        {
            if (happened is ResourceChanged<T> changed)
                _there[_view.Id(changed.Resource)] = changed.Resource;
            else if (happened is ResourceRemoved<T> removed)
                _there.Remove(_view.Id(removed.Resource));
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
            await Task.WhenAny(following, news, Task.Delay(Ageing, _run.Time, ct));
            _news.Reader.TryRead(out _);
            live.UpdateTarget(Picture());
            await Task.WhenAny(following, Task.Delay(Pause, _run.Time, ct));
        }
        await following;
    }

    private Rows Picture()
    {
        lock (_lock)
        {
            var profile = _run.Output.Shown.Console.Profile;
            var room = Math.Max(1, profile.Height - OtherLines);
            var first = _view.Order(_there.Values).Take(room);
            var table = _view.Tabulate(first);
            table.Headers = !_run.NoHeaders;
            var picture = new List<IRenderable> { table.Fitting(profile.Width) };
            if (_there.Count > room)
                picture.Add(new Markup($"and {_there.Count - room} more, for which there is no room"));
            if (_note.Length > 0)
                picture.Add(new Markup($"[yellow]warning:[/] {Markup.Escape(Rendering.Text.OneLine(_note))}"));
            return new Rows(picture);
        }
    }
}
