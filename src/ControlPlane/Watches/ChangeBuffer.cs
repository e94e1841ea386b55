namespace Coder.Mesh.ControlPlane.Watches;

/// <summary>Limits of watches on one replica.</summary>
internal sealed record WatchLimits
{
    /// <summary>Number of changes kept, which is how far a watch may fall behind.</summary>
    public int KeptChanges { get; init; } = 8_192;

    /// <summary>Total size of the kept messages in bytes; in memory they take a few times as much.</summary>
    public int KeptBytes { get; init; } = 32 * 1024 * 1024;

    /// <summary>
    /// Number of past changes that the log starts with, so that many watches that resume share one read of them. This
    /// is half of the capacity; the other half is for changes that happen meanwhile.
    /// </summary>
    public int OpenedChanges { get; init; } = 4_096;

    /// <summary>
    /// Maximum age of these changes, counted from the last one: a multiple of <see cref="ProgressInterval"/>.
    /// </summary>
    public TimeSpan OpenedAge { get; init; } = TimeSpan.FromMinutes(1);

    public int Watches { get; init; } = 2_000;

    /// <summary>Maximum time for writing one message to a watch.</summary>
    public TimeSpan WriteTime { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Interval of progress messages on a watch without changes. A resumed watch reads nothing older again.
    /// </summary>
    public TimeSpan ProgressInterval { get; init; } = TimeSpan.FromSeconds(10);
}

/// <summary>
/// Keeps the last changes in feed order. One writer appends, any number of watches read. A watch is only a position, so
/// a slow one uses no memory, and a watch is woken only by changes that its filter lets through.
/// </summary>
internal sealed class ChangeBuffer(WatchLimits limits)
{
    private readonly Lock _lock = new();
    private readonly FeedChange?[] _kept = new FeedChange?[limits.KeptChanges];
    private readonly HashSet<WatchCursor> _readers = [];
    private string? _database;
    private FeedPosition _start;
    private FeedPosition _end;
    private FeedPosition _now;
    private long _first;
    private long _next;
    private long _bytes;

    public bool Watched
    {
        get
        {
            lock (_lock)
                return _readers.Count > 0;
        }
    }

    /// <returns>False if the maximum number of watches is reached.</returns>
    public bool TryJoin(WatchCursor reader)
    {
        lock (_lock)
            return _readers.Count < limits.Watches && _readers.Add(reader);
    }

    public void Leave(WatchCursor reader)
    {
        lock (_lock)
            _readers.Remove(reader);
    }

    public bool IsOpenFor(string database)
    {
        lock (_lock)
            return _database == database;
    }

    /// <param name="database">The <see cref="FeedDatabase.Name"/> of the database whose changes follow.</param>
    /// <param name="at">All changes after this position will be appended.</param>
    /// <param name="now">The present end of the feed. Watches need not keep up with changes before it.</param>
    public void Open(string database, FeedPosition at, FeedPosition now)
    {
        lock (_lock)
        {
            Clear();
            (_database, _start, _end, _now) = (database, at, at, now);
            WakeAll();
        }
    }

    public void Close()
    {
        lock (_lock)
        {
            if (_database is null)
                return;
            Clear();
            _database = null;
            WakeAll();
        }
    }

    /// <summary>Ends all open watches, because a change cannot be reported to them.</summary>
    public void Break()
    {
        lock (_lock)
        {
            Clear();
            _database = null;
            foreach (var reader in _readers)
                reader.Lost = true;
            WakeAll();
        }
    }

    /// <param name="end">Position up to which the changes are complete.</param>
    public void Append(IReadOnlyList<FeedChange> changes, FeedPosition end)
    {
        lock (_lock)
        {
            foreach (var change in changes)
            {
                while (_next - _first == _kept.Length || (_next > _first && _bytes + change.Size > limits.KeptBytes))
                    DropFirst();
                _kept[_next++ % _kept.Length] = change;
                _bytes += change.Size;
            }

            foreach (var reader in _readers)
                reader.Append(changes, from: _end, end);
            _end = end;
        }
    }

    /// <summary>Returns the next changes and moves the reader behind them.</summary>
    public BufferRead Read(WatchCursor reader, int most)
    {
        lock (_lock)
        {
            if (reader.Lost)
                return new BufferRead([], BufferState.Lost);
            if (_database != reader.Database)
                return new BufferRead([], BufferState.Closed);
            if (reader.Position < _start)
                return new BufferRead([], BufferState.Behind);
            var from = FirstAfter(reader.Position);
            var changes = new FeedChange[Count(from, most)];
            for (var i = 0; i < changes.Length; i++)
                changes[i] = _kept[(from + i) % _kept.Length]!;
            if (from + changes.Length < _next)
                reader.Position = changes[^1].Position;
            else if (reader.Position < _end)
                reader.Position = _end;
            return new BufferRead(changes, reader.Position < _now ? BufferState.Past : BufferState.Open);
        }
    }

    // Changes of one position stay together: a reader's position is after all of them or before.
    private int Count(long from, int most)
    {
        var count = (int)Math.Min(most, _next - from);
        while (count > 0 && from + count < _next && At(from + count) == At(from + count - 1))
            count++;
        return count;
    }

    private FeedPosition At(long index) => _kept[index % _kept.Length]!.Position;

    private long FirstAfter(FeedPosition position)
    {
        var (low, high) = (_first, _next);
        while (low < high)
        {
            var middle = low + (high - low) / 2;
            if (_kept[middle % _kept.Length]!.Position <= position)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }

    private void DropFirst()
    {
        ref var first = ref _kept[_first++ % _kept.Length];
        _start = first!.Position;
        _bytes -= first.Size;
        first = null;
    }

    private void Clear()
    {
        Array.Clear(_kept);
        (_first, _next, _bytes) = (0, 0, 0);
    }

    private void WakeAll()
    {
        foreach (var reader in _readers)
            reader.News.Set();
    }
}
