namespace Coder.Mesh.EmbeddedPostgres;

/// <summary>The last lines of a program's output, for error messages.</summary>
internal sealed class OutputTail
{
    private const int Capacity = 12;
    private readonly Lock _lock = new();
    private readonly Queue<string> _lines = new(Capacity);

    public async Task Follow(TextReader reader)
    {
        // Ends with the pipe. Lines of any length are shortened before they are kept.
        while (await reader.ReadLineAsync() is { } line)
            Add(line);
    }

    public IReadOnlyList<string> Lines()
    {
        lock (_lock)
            return [.. _lines];
    }

    private void Add(string line)
    {
        // The two lines in which PostgreSQL announces its log file do not explain a failure.
        if (
            line.Contains("redirecting log output")
            || line.Contains("Future log output will appear")
            || line.Length == 0
        )
            return;
        lock (_lock)
        {
            if (_lines.Count == Capacity)
                _lines.Dequeue();
            _lines.Enqueue(line.Length > 500 ? line[..500] : line);
        }
    }
}
