namespace Coder.Mesh.Agent.Connection;

/// <summary>State of the connection for health endpoints. Written by the connect loop, read by requests.</summary>
internal sealed class AgentStatus(TimeProvider time)
{
    private static readonly TimeSpan StuckAfter = TimeSpan.FromMinutes(2);

    private readonly Lock _lock = new();
    private long _lastActivity = time.GetTimestamp();
    private string? _notReady = "not attached: no dial has ended yet";

    /// <summary>Why the agent is not ready, in one line; null if it is.</summary>
    public string? NotReady
    {
        get
        {
            lock (_lock)
                return _notReady;
        }
    }

    /// <summary>Why the process should be restarted; null if it should not.</summary>
    public string? NotLive
    {
        get
        {
            TimeSpan quiet;
            lock (_lock)
                quiet = time.GetElapsedTime(_lastActivity);
            return quiet < StuckAfter ? null : $"the connect loop has given no sign for {quiet.TotalSeconds:0} s";
        }
    }

    /// <summary>Records that the loop is active: an attempt has ended, or a frame has arrived.</summary>
    public void RecordActivity()
    {
        lock (_lock)
            _lastActivity = time.GetTimestamp();
    }

    /// <summary>Records the Welcome. The agent is ready only after the first snapshot is answered.</summary>
    public void Welcomed()
    {
        lock (_lock)
            (_notReady, _lastActivity) = (
                "attached, but the first snapshot of its workspaces is not complete",
                time.GetTimestamp()
            );
    }

    /// <summary>Records that the first snapshot was answered.</summary>
    public void Synced()
    {
        lock (_lock)
            (_notReady, _lastActivity) = (null, time.GetTimestamp());
    }

    public void Detached(DisconnectReason end)
    {
        var kind = end.Kind == DisconnectKind.Refused ? "refused" : "not attached";
        lock (_lock)
            (_notReady, _lastActivity) = ($"{kind}: {end.Code}: {end.Message}", time.GetTimestamp());
    }
}
