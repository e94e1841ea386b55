namespace Coder.Mesh.ControlPlane.Watches;

/// <summary>How much watching a replica takes on.</summary>
internal sealed record WatchLimits
{
    /// <summary>The last changes that are kept: how far a watch may fall behind.</summary>
    public int KeptChanges { get; init; } = 8_192;

    /// <summary>The size of their messages, in bytes, a few times that in memory: fewer are kept where they are large.</summary>
    public int KeptBytes { get; init; } = 32 * 1024 * 1024;

    /// <summary>
    /// Changes of the past that the log begins with, so that a crowd of watches that comes back reads them once. Half of what
    /// is kept: the other half is for what happens meanwhile.
    /// </summary>
    public int OpenedChanges { get; init; } = 4_096;

    /// <summary>How far these may lie before the last one: some times the <see cref="ProgressInterval"/>.</summary>
    public TimeSpan OpenedAge { get; init; } = TimeSpan.FromMinutes(1);

    public int Watches { get; init; } = 2_000;

    /// <summary>How long one message may wait for its reader.</summary>
    public TimeSpan WriteTime { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often a watch without news says how far it has come: nothing older is read again when it comes back.</summary>
    public TimeSpan ProgressInterval { get; init; } = TimeSpan.FromSeconds(10);
}

/// <summary>
/// The last changes in the order of the feed, written by its one reader and read by any number of watches. Each of them has
/// but a position, so a slow one costs no memory; and one that a change doesn't concern isn't woken by it.
/// </summary>
internal sealed class ChangeLog(WatchLimits limits)
{
    private readonly Lock _lock = new();
    private readonly FeedChange?[] _kept = new FeedChange?[limits.KeptChanges];
    private readonly HashSet<LogReader> _readers = [];
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

    /// <returns>False if there are too many already.</returns>
    public bool TryJoin(LogReader reader)
    {
        lock (_lock)
            return _readers.Count < limits.Watches && _readers.Add(reader);
    }

    public void Leave(LogReader reader)
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
    /// <param name="at">Whatever comes after it will be told.</param>
    /// <param name="now">Where the feed is: what comes before it is past, which no watch has to keep up with.</param>
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

    /// <summary>What comes next for those that watch now won't be told.</summary>
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

    /// <param name="end">Everything up to it has been told with these.</param>
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
                reader.Heard(changes, from: _end, end);
            _end = end;
        }
    }

    /// <summary>Moves the reader over what it is given.</summary>
    public LogRead Read(LogReader reader, int most)
    {
        lock (_lock)
        {
            if (reader.Lost)
                return new LogRead([], LogState.Lost);
            if (_database != reader.Database)
                return new LogRead([], LogState.Closed);
            if (reader.Position < _start)
                return new LogRead([], LogState.Behind);
            var from = FirstAfter(reader.Position);
            var changes = new FeedChange[Count(from, most)];
            for (var i = 0; i < changes.Length; i++)
                changes[i] = _kept[(from + i) % _kept.Length]!;
            if (from + changes.Length < _next)
                reader.Position = changes[^1].Position;
            else if (reader.Position < _end)
                reader.Position = _end;
            return new LogRead(changes, reader.Position < _now ? LogState.Past : LogState.Open);
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
