namespace Coder.Mesh.ControlPlane.Base;

/// <summary>
/// Assigns retry delays to refused requests, each with the next free moment, so that a crowd returns at the rate at
/// which it can be served. Not thread-safe.
/// </summary>
internal sealed class RetryReservations(TimeProvider time)
{
    private static readonly TimeSpan MinDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(60);

    private long _reserved;

    /// <summary>Reserves the next free moment.</summary>
    /// <param name="earliest">Time until the requests that wait now are served.</param>
    /// <param name="each">Time that one request takes.</param>
    /// <returns>The delay, from one second to one minute.</returns>
    public TimeSpan Next(TimeSpan earliest, TimeSpan each)
    {
        var now = time.GetTimestamp();
        _reserved = Math.Max(_reserved, now + Ticks(earliest)) + Ticks(each);
        var delay = TimeSpan.FromSeconds((_reserved - now) / (double)time.TimestampFrequency);
        if (delay > MaxDelay)
            _reserved = now;
        return TimeSpan.FromTicks(Math.Clamp(delay.Ticks, MinDelay.Ticks, MaxDelay.Ticks));
    }

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * time.TimestampFrequency);
}
