namespace Coder.Mesh.ControlPlane.Storage;

/// <summary>
/// Whether the database is available to this process. Any failure reports it unavailable; the replica's lease, which is
/// renewed all the time, detects that it is back.
/// </summary>
internal sealed class StoreHealth(TimeProvider time)
{
    private readonly Lock _lock = new();
    private DateTimeOffset? _awaySince;

    /// <summary>Raised by the loop of the lease each time the database is available again.</summary>
    public event Action? Back;

    /// <summary>Null while the database is available.</summary>
    public DateTimeOffset? AwaySince
    {
        get
        {
            lock (_lock)
                return _awaySince;
        }
    }

    /// <returns>True if it was not known before.</returns>
    public bool ReportAway()
    {
        lock (_lock)
        {
            if (_awaySince is not null)
                return false;
            _awaySince = time.GetUtcNow();
            return true;
        }
    }

    /// <returns>How long the database was unavailable; null if it was not.</returns>
    public TimeSpan? ReportBack()
    {
        TimeSpan lasted;
        lock (_lock)
        {
            if (_awaySince is not { } since)
                return null;
            lasted = time.GetUtcNow() - since;
            _awaySince = null;
        }

        Back?.Invoke();
        return lasted;
    }
}
