using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Workspaces;
using Coder.Mesh.V1;

namespace Coder.Mesh.ControlPlane.Watches;

/// <summary>What a watch of workspaces says of a change.</summary>
internal sealed class WorkspaceWatch(WorkspaceFilter filter)
{
    public WatchWorkspacesResponse? Tell(FeedChange? change, string resumeToken) =>
        change switch
        {
            null => new WatchWorkspacesResponse { Type = ChangeType.Progress, ResumeToken = resumeToken },
            WorkspaceChange c when Judgement.Of(filter.Holds(c.Before), filter.Holds(c.After)) is { } type =>
                new WatchWorkspacesResponse
                {
                    Type = type,
                    Workspace = c.Shown,
                    ResumeToken = resumeToken,
                },
            _ => null,
        };
}

/// <summary>What a watch of providers says of a change.</summary>
internal sealed class ProviderWatch(ProviderFilter filter)
{
    public WatchProvidersResponse? Tell(FeedChange? change, string resumeToken) =>
        change switch
        {
            null => new WatchProvidersResponse { Type = ChangeType.Progress, ResumeToken = resumeToken },
            ProviderChange c when Judgement.Of(Holds(c.Before), Holds(c.After)) is { } type =>
                new WatchProvidersResponse
                {
                    Type = type,
                    Provider = c.Shown,
                    ResumeToken = resumeToken,
                },
            _ => null,
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
