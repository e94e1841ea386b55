using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Workspaces;
using Coder.Mesh.V1;

namespace Coder.Mesh.ControlPlane.Watches;

/// <summary>What one watch says, in messages of its kind.</summary>
internal interface IWatch<out TMessage>
{
    /// <returns>Null if the change is none of its own.</returns>
    ChangeType? Judge(FeedChange change);

    /// <param name="change">Null to say only how far it has come.</param>
    TMessage Tell(ChangeType type, FeedChange? change, string resumeToken);
}

internal sealed class WorkspaceWatch(WorkspaceFilter filter) : IWatch<WatchWorkspacesResponse>
{
    public ChangeType? Judge(FeedChange change) =>
        change is WorkspaceChange c ? Judgement.Of(filter.Holds(c.Before), filter.Holds(c.After)) : null;

    public WatchWorkspacesResponse Tell(ChangeType type, FeedChange? change, string resumeToken) =>
        new()
        {
            Type = type,
            Workspace = (change as WorkspaceChange)?.Shown,
            ResumeToken = resumeToken,
        };
}

internal sealed class ProviderWatch(ProviderFilter filter) : IWatch<WatchProvidersResponse>
{
    public ChangeType? Judge(FeedChange change) =>
        change is ProviderChange c ? Judgement.Of(Holds(c.Before), Holds(c.After)) : null;

    public WatchProvidersResponse Tell(ChangeType type, FeedChange? change, string resumeToken) =>
        new()
        {
            Type = type,
            Provider = (change as ProviderChange)?.Shown,
            ResumeToken = resumeToken,
        };

    private bool Holds(ProviderVersion? version) => filter.Holds(version?.Provider, version?.Presence);
}

internal static class Judgement
{
    /// <returns>Null for a change of something that isn't watched.</returns>
    public static ChangeType? Of(bool before, bool after) =>
        after ? ChangeType.Changed
        : before ? ChangeType.Removed
        : null;
}
