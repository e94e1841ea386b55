namespace Coder.Mesh.EndToEnd.Tests.Harness;

/// <summary>What a process has written, line by line; only the last lines are kept.</summary>
internal sealed class OutputLines
{
    private const int Kept = 2000;
    private const int Shown = 400;

    private readonly Lock _lock = new();
    private readonly Queue<Line> _lines = [];
    private readonly List<Waiter> _waiters = [];
    private bool _closed;

    private sealed record Line(string Text, bool IsError);

    private sealed record Waiter(Func<string, bool> Wanted, TaskCompletionSource<string?> Found);

    /// <summary>What was written to stdout.</summary>
    public string Data => Text(line => !line.IsError);

    /// <summary>What was written to stderr.</summary>
    public string Talk => Text(line => line.IsError);

    public string Tail
    {
        get
        {
            lock (_lock)
                return string.Join('\n', _lines.TakeLast(Shown).Select(line => $"  | {line.Text}"));
        }
    }

    /// <summary>Reads both streams until all who hold their other end are gone.</summary>
    public async Task Follow(StreamReader output, StreamReader errors)
    {
        await Task.WhenAll(Follow(output, isError: false), Follow(errors, isError: true));
        lock (_lock)
        {
            _closed = true;
            foreach (var waiter in _waiters)
                waiter.Found.TrySetResult(null);
            _waiters.Clear();
        }
    }

    /// <summary>
    /// The first line that is as wanted, of those written and those to come; null when none can come any more.
    /// </summary>
    public Task<string?> Find(Func<string, bool> wanted)
    {
        lock (_lock)
        {
            if (_lines.FirstOrDefault(line => wanted(line.Text)) is { } written)
                return Task.FromResult<string?>(written.Text);
            if (_closed)
                return Task.FromResult<string?>(null);
            var waiter = new Waiter(wanted, new(TaskCreationOptions.RunContinuationsAsynchronously));
            _waiters.Add(waiter);
            return waiter.Found.Task;
        }
    }

    private async Task Follow(StreamReader reader, bool isError)
    {
        while (await reader.ReadLineAsync() is { } text)
        {
            lock (_lock)
            {
                _lines.Enqueue(new Line(text, isError));
                if (_lines.Count > Kept)
                    _lines.Dequeue();
                foreach (var waiter in _waiters.Where(w => w.Wanted(text)).ToList())
                {
                    waiter.Found.TrySetResult(text);
                    _waiters.Remove(waiter);
                }
            }
        }
    }

    private string Text(Func<Line, bool> which)
    {
        lock (_lock)
            return string.Join('\n', _lines.Where(which).Select(line => line.Text));
    }
}
