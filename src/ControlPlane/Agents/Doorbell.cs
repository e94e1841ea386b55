namespace Coder.Mesh.ControlPlane.Agents;

/// <summary>
/// "Read again": rung by whoever has committed a change that a session may have to act on. A lost ring costs a delay,
/// never correctness, for the next snapshot compares everything.
/// </summary>
internal sealed class Doorbell(AgentSessions sessions, SessionCheck check)
{
    public void Workspace(string providerId, string workspaceId) =>
        sessions.Find(providerId)?.Desired.Mark(workspaceId);

    /// <summary>What an agent reports isn't what was desired of it.</summary>
    public void Contradicted(string providerId, string workspaceId) =>
        sessions.Find(providerId)?.Desired.Repeat(workspaceId);

    public void TokenRevoked(string providerId) => check.Ring(providerId);

    public void ProviderDeleted(string providerId) => sessions.Find(providerId)?.Close(SessionEnd.ProviderDeleted);
}
