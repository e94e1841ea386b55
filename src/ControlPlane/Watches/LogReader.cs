using Coder.Mesh.ControlPlane.Base;

namespace Coder.Mesh.ControlPlane.Watches;

/// <summary>Where one watch is in the log of changes.</summary>
/// <param name="from">Where it begins.</param>
/// <param name="concerns">Whether the watch tells a change.</param>
internal sealed class LogReader(ResumeToken from, Predicate<FeedChange> concerns)
{
    // Two words, which the watch and the reader of the feed both read and write.
    private readonly Lock _lock = new();
    private FeedPosition _position = from.Position;

    /// <summary>The one that the position is of.</summary>
    public string Database => from.Database;

    /// <summary>Nothing up to it is still to be told.</summary>
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

    /// <summary>Rung when there is something to tell, or the log has been opened or closed.</summary>
    public Signal News { get; } = new();

    /// <summary>Whether it can't go on; of the log, under its lock.</summary>
    public bool Lost { get; set; }

    /// <summary>Takes note of what was appended between two positions.</summary>
    public void Heard(IReadOnlyList<FeedChange> changes, FeedPosition from, FeedPosition end)
    {
        if (Position < from || changes.Any(c => c.Position > Position && concerns(c)))
            News.Set();
        else if (Position < end)
            Position = end;
    }
}

internal enum LogState
{
    Open,

    /// <summary>Open, but these are of before it was.</summary>
    Past,

    /// <summary>Nothing is told at present.</summary>
    Closed,

    /// <summary>What comes next has been dropped already, or was never told.</summary>
    Behind,

    /// <summary>What comes next is of another database, gone, or can't be told.</summary>
    Lost,
}

/// <summary>Some changes of a log, or why it can't give them.</summary>
internal sealed record LogRead(IReadOnlyList<FeedChange> Changes, LogState State);
