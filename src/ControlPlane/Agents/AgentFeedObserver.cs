using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Watches;
using Coder.Mesh.ControlPlane.Workspaces;

namespace Coder.Mesh.ControlPlane.Agents;

/// <summary>Finds the sessions of this replica that are affected by a change of another replica.</summary>
internal sealed class AgentFeedObserver(
    IAgentNotifier agents,
    SessionCheck check,
    AgentSessions sessions,
    WorkspaceView workspaces
) : IFeedObserver
{
    public async Task StreamsChanged(IReadOnlyCollection<string> streams, CancellationToken ct)
    {
        var changed = streams.Distinct().ToList();
        foreach (var key in changed)
        {
            if (StreamKeys.ProviderOf(key) is { } providerId)
                check.Request(providerId, presence: key == StreamKeys.Presence(providerId));
        }

        if (sessions.Count == 0)
            return;
        var ids = changed.Select(StreamKeys.WorkspaceOf).OfType<string>().ToList();
        foreach (var workspace in await workspaces.Find(ids, ct))
            agents.DesiredStateChanged(workspace.ProviderId, workspace.WorkspaceId);
    }

    // The agents may have received states that this database does not hold, so all of them attach again.
    public void DatabaseChanged() => sessions.CloseAll(SessionEnd.StoreUnavailable);
}
