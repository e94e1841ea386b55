using Coder.Mesh.V1;
using Client = Coder.Mesh.V1.WorkspaceService.WorkspaceServiceClient;

namespace Coder.Mesh.Cli.Workspaces;

/// <summary>A change of the desired state of a workspace: its call and its texts.</summary>
internal sealed record DesiredStateChange(
    string Verb,
    string Description,
    WorkspaceDesiredState Desired,
    Func<Client, string, Scope, CancellationToken, Task<Workspace>> Send,
    Func<Workspace, string> Accepted,
    Func<Workspace, string[]> WhatFollows
)
{
    public static readonly DesiredStateChange Start = new(
        "start",
        "Start workspaces.",
        WorkspaceDesiredState.Running,
        async (client, name, scope, ct) =>
        {
            var request = new StartWorkspaceRequest
            {
                Workspace = name,
                Organization = scope.Organization,
                Owner = scope.Owner,
            };
            return (await client.StartWorkspaceAsync(request, cancellationToken: ct)).Workspace;
        },
        w => $"workspace/{w.Name} starting",
        w => [.. WorkspaceText.Waits(w), $"tip: mesh workspaces show {w.Id}"]
    )
    {
        Already = w =>
            IsSo(w, WorkspaceState.Running) ? $"workspace/{w.Name} unchanged: already running"
            : IsSo(w, WorkspaceState.Failed)
                ? $"workspace/{w.Name} unchanged: already started, and failed; `mesh workspaces restart {w.Id}` tries again"
            : null,
    };

    public static readonly DesiredStateChange Stop = new(
        "stop",
        "Stop workspaces. Their disks are kept.",
        WorkspaceDesiredState.Stopped,
        async (client, name, scope, ct) =>
        {
            var request = new StopWorkspaceRequest
            {
                Workspace = name,
                Organization = scope.Organization,
                Owner = scope.Owner,
            };
            return (await client.StopWorkspaceAsync(request, cancellationToken: ct)).Workspace;
        },
        w => $"workspace/{w.Name} stopping",
        w => [.. WorkspaceText.Waits(w), $"tip: mesh workspaces show {w.Id}"]
    )
    {
        Already = w => IsSo(w, WorkspaceState.Stopped) ? $"workspace/{w.Name} unchanged: already stopped" : null,
    };

    public static readonly DesiredStateChange Restart = new(
        "restart",
        "Restart workspaces in new containers. Their disks are kept; stopped workspaces are started.",
        WorkspaceDesiredState.Running,
        async (client, name, scope, ct) =>
        {
            var request = new RestartWorkspaceRequest
            {
                Workspace = name,
                Organization = scope.Organization,
                Owner = scope.Owner,
            };
            return (await client.RestartWorkspaceAsync(request, cancellationToken: ct)).Workspace;
        },
        w => $"workspace/{w.Name} restarting",
        w => [.. WorkspaceText.Waits(w), $"tip: mesh workspaces show {w.Id}"]
    );

    public static readonly DesiredStateChange Remove = new(
        "rm",
        "Remove workspaces and their disks. Each is deleted once the agent of its provider has removed all of its objects.",
        WorkspaceDesiredState.Deleted,
        async (client, name, scope, ct) =>
        {
            var request = new DeleteWorkspaceRequest
            {
                Workspace = name,
                Organization = scope.Organization,
                Owner = scope.Owner,
            };
            return (await client.DeleteWorkspaceAsync(request, cancellationToken: ct)).Workspace;
        },
        w => $"workspace/{w.Name} deleting",
        w =>
            [
                $"waiting for: the agent of provider {w.Provider} to remove its objects and disk",
                .. WorkspaceText.Waits(w),
                $"tip: mesh workspaces show {w.Id}",
            ]
    )
    {
        Already = w =>
            w.State is WorkspaceState.Deleted or WorkspaceState.Lost
                ? $"workspace/{w.Name} unchanged: already {WorkspaceText.Word(w)}"
                : null,
    };

    /// <summary>
    /// Describes that the workspace was already in this state; null if the change may have had an effect.
    /// </summary>
    public Func<Workspace, string?> Already { get; init; } = _ => null;

    // A change increments the generation, which no agent has reported yet.
    private static bool IsSo(Workspace w, WorkspaceState state) =>
        w.State == state && w.ObservedGeneration == w.Generation && w.Summary is null or { LastReportTime: null };
}
