using Coder.Mesh.ControlPlane.Feed;

namespace Coder.Mesh.ControlPlane.Watches;

/// <summary>How much watching a replica takes on.</summary>
internal sealed record WatchLimits
{
    /// <summary>The last changes that are kept: how far a watch may fall behind.</summary>
    public int KeptChanges { get; init; } = 4_096;

    public int Watches { get; init; } = 2_000;

    /// <summary>How long one message may wait for its reader.</summary>
    public TimeSpan WriteTime { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often a watch without news says how far it has come.</summary>
    public TimeSpan ProgressInterval { get; init; } = TimeSpan.FromSeconds(30);
}

/// <summary>Some changes of a log, or why it can't give them.</summary>
internal sealed record LogRead(IReadOnlyList<FeedChange> Changes, FeedPosition Next, LogState State);

internal enum LogState
{
    Open,

    /// <summary>Nothing is told at present.</summary>
    Closed,

    /// <summary>What comes next has been dropped already, or was never told.</summary>
    Behind,
}

/// <summary>
/// The last changes in the order of the feed, written by its one reader and read by any number of watches: each of them has
/// but a position, so a slow one costs no memory.
/// </summary>
internal sealed class ChangeLog(WatchLimits limits)
{
    private readonly Lock _lock = new();
    private readonly FeedChange?[] _kept = new FeedChange?[limits.KeptChanges];
    private TaskCompletionSource _news = NewNews();
    private string? _database;
    private FeedPosition _start;
    private FeedPosition _end;
    private long _first;
    private long _next;
    private int _watches;

    public bool Watched => Volatile.Read(ref _watches) > 0;

    /// <summary>Ends when there is something new. Taken before the log is read, nothing is slept through.</summary>
    public Task News
    {
        get
        {
            lock (_lock)
                return _news.Task;
        }
    }

    /// <returns>False if there are too many already.</returns>
    public bool TryJoin()
    {
        lock (_lock)
        {
            if (_watches >= limits.Watches)
                return false;
            _watches++;
            return true;
        }
    }

    public void Leave()
    {
        lock (_lock)
            _watches--;
    }

    public bool IsOpenFor(string database)
    {
        lock (_lock)
            return _database == database;
    }

    /// <param name="database">The <see cref="FeedDatabase.Name"/> of the database whose changes follow.</param>
    /// <param name="at">Whatever comes after it will be told.</param>
    public void Open(string database, FeedPosition at)
    {
        lock (_lock)
        {
            Clear();
            (_database, _start, _end) = (database, at, at);
            Ring();
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
            Ring();
        }
    }

    /// <param name="end">Everything up to it has been told with these.</param>
    public void Append(IReadOnlyList<FeedChange> changes, FeedPosition end)
    {
        lock (_lock)
        {
            foreach (var change in changes)
            {
                if (_next - _first == _kept.Length)
                    _start = _kept[_first++ % _kept.Length]!.Position;
                _kept[_next++ % _kept.Length] = change;
            }

            _end = end;
            if (changes.Count > 0)
                Ring();
        }
    }

    /// <param name="database">The one that the position is of.</param>
    public LogRead Read(string database, FeedPosition after, int most)
    {
        lock (_lock)
        {
            if (_database != database)
                return new LogRead([], after, LogState.Closed);
            if (after < _start)
                return new LogRead([], after, LogState.Behind);
            var from = FirstAfter(after);
            var count = (int)Math.Min(most, _next - from);
            var changes = new FeedChange[count];
            for (var i = 0; i < count; i++)
                changes[i] = _kept[(from + i) % _kept.Length]!;
            var next =
                from + count < _next ? changes[^1].Position
                : after < _end ? _end
                : after;
            return new LogRead(changes, next, LogState.Open);
        }
    }

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

    private void Clear()
    {
        Array.Clear(_kept);
        (_first, _next) = (0, 0);
    }

    private void Ring()
    {
        _news.SetResult();
        _news = NewNews();
    }

    // Each watch goes on by itself, not one after the other within the reader of the feed.
    private static TaskCompletionSource NewNews() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
