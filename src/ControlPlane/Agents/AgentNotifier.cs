using Coder.Mesh.ControlPlane.Base;

namespace Coder.Mesh.ControlPlane.Agents;

/// <inheritdoc cref="IAgentNotifier"/>
internal sealed class AgentNotifier(AgentSessions sessions, SessionCheck check) : IAgentNotifier
{
    public void DesiredStateChanged(string providerId, string workspaceId) =>
        sessions.Find(providerId)?.Desired.Mark(workspaceId);

    public void ReportContradicted(string providerId, string workspaceId) =>
        sessions.Find(providerId)?.Desired.Repeat(workspaceId);

    public void TokenRevoked(string providerId) => check.Request(providerId);

    public void ProviderDeleted(string providerId) => sessions.Find(providerId)?.Close(SessionEnd.ProviderDeleted);
}
