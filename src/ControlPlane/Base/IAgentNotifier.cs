namespace Coder.Mesh.ControlPlane.Base;

/// <summary>
/// Notifies the sessions of this replica of committed changes, so that they read them from the database immediately. A
/// lost notification delays the agent until its next snapshot, which compares everything.
/// </summary>
internal interface IAgentNotifier
{
    void DesiredStateChanged(string providerId, string workspaceId);

    /// <summary>Sends the desired state again, because the agent's report contradicts it or asks for it.</summary>
    void ReportContradicted(string providerId, string workspaceId);

    void TokenRevoked(string providerId);

    void ProviderDeleted(string providerId);
}
