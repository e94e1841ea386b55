namespace Coder.Mesh.ControlPlane.Providers;

/// <summary>The parts of a workspace's provider that matter for the description of the workspace.</summary>
/// <param name="Attached">Whether an agent is attached.</param>
/// <param name="AgentSince">When the agent attached or detached; null if none ever has.</param>
internal sealed record WorkspaceProvider(
    string Name,
    ProviderStatus Status,
    string Code,
    string Message,
    DateTimeOffset StatusAt,
    bool Attached,
    DateTimeOffset? AgentSince
)
{
    public static WorkspaceProvider Unknown(string id) =>
        new(id, ProviderStatus.Pending, "", "", DateTimeOffset.UnixEpoch, Attached: false, AgentSince: null);

    public static WorkspaceProvider Of(string name, ProviderPresence presence) =>
        new(
            name,
            presence.Status,
            presence.Code,
            presence.Message,
            presence.StatusAt,
            presence.Attached,
            presence.AgentSince
        );
}
