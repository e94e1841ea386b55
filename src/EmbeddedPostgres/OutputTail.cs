namespace Coder.Mesh.EmbeddedPostgres;

/// <summary>The last lines that a program wrote, for the error that tells of its end.</summary>
internal sealed class OutputTail
{
    private const int Capacity = 12;
    private readonly Lock _lock = new();
    private readonly Queue<string> _lines = new(Capacity);

    public async Task Follow(TextReader reader)
    {
        // Ends with the pipe; lines of any length are cut before they are kept.
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
        // The two lines by which PostgreSQL says that its log goes on elsewhere say nothing of a failure.
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
