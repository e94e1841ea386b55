namespace Coder.Mesh.ControlPlane.Storage;

/// <summary>
/// Whether the store can be reached, as this process sees it. Whoever fails reports it; the replica's lease, which is
/// renewed all the time, finds that it is back.
/// </summary>
internal sealed class StoreHealth(TimeProvider time)
{
    private readonly Lock _lock = new();
    private DateTimeOffset? _awaySince;

    /// <summary>Raised from the lease's loop each time the store is back.</summary>
    public event Action? Back;

    /// <summary>Null while the store is there.</summary>
    public DateTimeOffset? AwaySince
    {
        get
        {
            lock (_lock)
                return _awaySince;
        }
    }

    /// <returns>True if it wasn't known before.</returns>
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

    /// <returns>How long the store was away; null if it wasn't.</returns>
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
