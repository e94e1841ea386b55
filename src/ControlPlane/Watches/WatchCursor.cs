using Coder.Mesh.ControlPlane.Base;

namespace Coder.Mesh.ControlPlane.Watches;

/// <summary>Position of one watch in the change log.</summary>
/// <param name="from">Start position.</param>
/// <param name="concerns">Whether the watch reports a change.</param>
internal sealed class WatchCursor(ResumeToken from, Predicate<FeedChange> concerns)
{
    // Guards the position: it is two words long, and both the watch and the feed reader access it.
    private readonly Lock _lock = new();
    private FeedPosition _position = from.Position;

    /// <summary>Name of the database that the position belongs to.</summary>
    public string Database => from.Database;

    /// <summary>Everything up to this position has been reported, or does not concern the watch.</summary>
    public FeedPosition Position
    {
        get
        {
            lock (_lock)
                return _position;
        }
        set
        {
            lock (_lock)
                _position = value;
        }
    }

    /// <summary>Set when there is a change to report, or the log was opened or closed.</summary>
    public AsyncAutoResetEvent News { get; } = new();

    /// <summary>Whether the watch has to end. Guarded by the lock of the log.</summary>
    public bool Lost { get; set; }

    /// <summary>Handles changes that were appended between two positions.</summary>
    public void Append(IReadOnlyList<FeedChange> changes, FeedPosition from, FeedPosition end)
    {
        if (Position < from || changes.Any(c => c.Position > Position && concerns(c)))
            News.Set();
        else if (Position < end)
            Position = end;
    }
}

internal enum BufferState
{
    Open,

    /// <summary>Open; these changes are from before it was opened.</summary>
    Past,

    /// <summary>Closed: no changes are appended at present.</summary>
    Closed,

    /// <summary>The next changes are no longer in the log, or never were.</summary>
    Behind,

    /// <summary>The next changes belong to another database, were trimmed, or cannot be reported.</summary>
    Lost,
}

/// <summary>Changes read from the log, and its state.</summary>
internal sealed record BufferRead(IReadOnlyList<FeedChange> Changes, BufferState State);
