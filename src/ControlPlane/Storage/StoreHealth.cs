namespace Coder.Mesh.ControlPlane.Storage;

/// <summary>
/// Whether the database is available to this process. Any failure reports it unavailable; the replica's lease, which is
/// renewed all the time, detects that it is back.
/// </summary>
internal sealed class StoreHealth(TimeProvider time) : IDisposable
{
    private readonly Lock _lock = new();
    private DateTimeOffset? _awaySince;
    private CancellationTokenSource _unreachable = new();

    /// <summary>Raised by the loop of the lease each time the database is available again.</summary>
    public event Action? Back;

    /// <summary>Null while the database is available.</summary>
    public DateTimeOffset? UnavailableSince
    {
        get
        {
            lock (_lock)
                return _awaySince;
        }
    }

    /// <summary>
    /// Cancelled while the database is unavailable or does not answer: calls should not wait for a turn at it. Calls
    /// that have a turn query it all the same.
    /// </summary>
    public CancellationToken Unreachable
    {
        get
        {
            lock (_lock)
                return _unreachable.Token;
        }
    }

    /// <summary>Reports that a query takes longer than it ever should; the database may still be available.</summary>
    public void ReportSilent()
    {
        lock (_lock)
            // The callers that wait must not continue on this thread.
            _ = _unreachable.CancelAsync();
    }

    /// <returns>True if it was not known before.</returns>
    public bool ReportUnavailable()
    {
        ReportSilent();
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
            if (_unreachable.IsCancellationRequested)
                _unreachable = new CancellationTokenSource();
            if (_awaySince is not { } since)
                return null;
            lasted = time.GetUtcNow() - since;
            _awaySince = null;
        }

        Back?.Invoke();
        return lasted;
    }

    public void Dispose() => _unreachable.Dispose();
}
