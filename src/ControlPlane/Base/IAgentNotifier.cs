namespace Coder.Mesh.ControlPlane.Base;

/// <summary>
/// Notifies the sessions of this replica of committed changes, so that they read them from the database immediately. A
/// lost notification delays the agent until its next snapshot, which compares everything.
/// </summary>
internal interface IAgentNotifier
{
    void DesiredStateChanged(string providerId, string workspaceId);

    /// <summary>Reports that an agent's report differs from the desired state, which has to be sent again.</summary>
    void ReportContradicted(string providerId, string workspaceId);

    void TokenRevoked(string providerId);

    void ProviderDeleted(string providerId);
}
