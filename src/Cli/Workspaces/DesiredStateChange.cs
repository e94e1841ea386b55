using Coder.Mesh.V1;
using Client = Coder.Mesh.V1.WorkspaceService.WorkspaceServiceClient;

namespace Coder.Mesh.Cli.Workspaces;

/// <summary>A change of the desired state of a workspace: its texts and its call.</summary>
internal sealed record DesiredStateChange(
    string Verb,
    string Description,
    WorkspaceDesiredState Desired,
    Func<Client, string, Scope, CancellationToken, Task<Workspace>> Ask,
    Func<Workspace, string> Accepted,
    Func<Workspace, string[]> WhatFollows
)
{
    public static readonly DesiredStateChange Start = new(
        "start",
        "Ask that workspaces run.",
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
        w => $"starting workspace \"{w.Name}\"",
        w => [.. WorkspaceText.Waits(w), $"tip: mesh workspaces show {w.Id}"]
    )
    {
        Already = w =>
            IsSo(w, WorkspaceState.Running) ? $"workspace \"{w.Name}\" is running already"
            : IsSo(w, WorkspaceState.Failed)
                ? $"workspace \"{w.Name}\" is to run already, and failed; `mesh workspaces restart {w.Id}` tries again"
            : null,
    };

    public static readonly DesiredStateChange Stop = new(
        "stop",
        "Ask that workspaces stop. Their disks stay.",
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
        w => $"stopping workspace \"{w.Name}\"",
        w => [.. WorkspaceText.Waits(w), $"tip: mesh workspaces show {w.Id}"]
    )
    {
        Already = w => IsSo(w, WorkspaceState.Stopped) ? $"workspace \"{w.Name}\" is stopped already" : null,
    };

    public static readonly DesiredStateChange Restart = new(
        "restart",
        "Ask that workspaces run in new containers. Their disks stay; one that is stopped is started.",
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
        w => $"restarting workspace \"{w.Name}\"",
        w => [.. WorkspaceText.Waits(w), $"tip: mesh workspaces show {w.Id}"]
    );

    public static readonly DesiredStateChange Remove = new(
        "rm",
        "Ask that workspaces go, with their disks. Each is gone once its provider's agent has seen all of it gone.",
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
        w => $"removing workspace \"{w.Name}\"",
        w =>
            [
                $"waits for: the agent of provider \"{w.Provider}\" to remove all of its objects, disk included",
                .. WorkspaceText.Waits(w),
                $"tip: mesh workspaces show {w.Id}",
            ]
    )
    {
        Already = w =>
            w.State is WorkspaceState.Deleted or WorkspaceState.Lost
                ? $"workspace \"{w.Name}\" is {WorkspaceText.Word(w)}"
                : null,
    };

    /// <summary>What the answer shows to have been so already; null if there was, or may have been, something to do.</summary>
    public Func<Workspace, string?> Already { get; init; } = _ => null;

    // What was just asked for has a generation that no agent has reported yet.
    private static bool IsSo(Workspace w, WorkspaceState state) =>
        w.State == state && w.ObservedGeneration == w.Generation && w.Summary is null or { LastReportTime: null };
}
