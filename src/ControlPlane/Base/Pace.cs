namespace Coder.Mesh.ControlPlane.Base;

/// <summary>
/// Bounds how often changes that an agent causes are stored: a burst at once, then one per interval. A token bucket
/// whose whole state is the time at which it is full again, so that a stored record can carry it. Pure.
/// </summary>
/// <param name="Burst">Changes that are stored at once.</param>
/// <param name="Interval">After how long there is room for one more.</param>
internal sealed record Pace(int Burst, TimeSpan Interval)
{
    /// <summary>Returns how long the next change has to wait, an interval at most.</summary>
    /// <param name="fullAt">When there is room for a whole burst again.</param>
    public TimeSpan Wait(DateTimeOffset fullAt, DateTimeOffset at)
    {
        var wait = fullAt - at - ((Burst - 1) * Interval);
        // More than an interval was stored by a clock that ran ahead of this one.
        return wait > TimeSpan.Zero && wait <= Interval ? wait : TimeSpan.Zero;
    }

    /// <summary>Returns when there is room for a whole burst again, after one more change was stored.</summary>
    public DateTimeOffset Stored(DateTimeOffset fullAt, DateTimeOffset at)
    {
        var (next, latest) = ((fullAt > at ? fullAt : at) + Interval, at + (Burst * Interval));
        return next < latest ? next : latest;
    }
}
