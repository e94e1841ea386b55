namespace Coder.Mesh.ControlPlane.Base;

/// <summary>
/// Tells the sessions of this replica that a committed change concerns them, so that they read it from the store at once. A
/// lost call delays the agent until its next snapshot, which compares everything.
/// </summary>
internal interface IAgentNotifier
{
    void DesiredStateChanged(string providerId, string workspaceId);

    /// <summary>An agent's report differs from the desired state, which has to be sent again.</summary>
    void ReportContradicted(string providerId, string workspaceId);

    void TokenRevoked(string providerId);

    void ProviderDeleted(string providerId);
}
