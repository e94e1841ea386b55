namespace Coder.Mesh.ControlPlane.Agents;

/// <summary>The open sessions of this replica, one per provider.</summary>
internal sealed class AgentSessions
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, AgentSession> _sessions = [];

    /// <summary>
    /// Registers a session, unless a newer one of the same provider is registered. The older of the two is closed.
    /// </summary>
    public void Add(AgentSession session)
    {
        AgentSession? older;
        lock (_lock)
        {
            if (_sessions.TryGetValue(session.ProviderId, out older) && older.Epoch > session.Epoch)
                older = session;
            else
                _sessions[session.ProviderId] = session;
        }

        older?.Close(SessionEnd.Superseded);
    }

    /// <summary>Removes this session, but not its successor.</summary>
    public void Remove(AgentSession session)
    {
        lock (_lock)
        {
            if (_sessions.TryGetValue(session.ProviderId, out var current) && current == session)
                _sessions.Remove(session.ProviderId);
        }
    }

    public int Count
    {
        get
        {
            lock (_lock)
                return _sessions.Count;
        }
    }

    public IReadOnlyList<AgentSession> All
    {
        get
        {
            lock (_lock)
                return [.. _sessions.Values];
        }
    }

    public AgentSession? Find(string providerId)
    {
        lock (_lock)
            return _sessions.GetValueOrDefault(providerId);
    }

    public void CloseAll(SessionEnd end)
    {
        foreach (var session in All)
            session.Close(end);
    }
}
