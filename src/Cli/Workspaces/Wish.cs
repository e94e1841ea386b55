using Coder.Mesh.V1;
using Client = Coder.Mesh.V1.WorkspaceService.WorkspaceServiceClient;

namespace Coder.Mesh.Cli.Workspaces;

/// <summary>A wish about a workspace that exists: its words and its call.</summary>
internal sealed record Wish(
    string Verb,
    string Description,
    WorkspaceDesiredState Desired,
    Func<Client, string, Scope, CancellationToken, Task<Workspace>> Ask,
    Func<Workspace, string> Accepted,
    Func<Workspace, string[]> WhatFollows
)
{
    public static readonly Wish Start = new(
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
        w => $"start of workspace \"{w.Name}\" is asked for",
        w => [.. Waits(w), $"tip: mesh workspaces show {w.Id}"]
    );

    public static readonly Wish Stop = new(
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
        w => $"stop of workspace \"{w.Name}\" is asked for",
        w => [.. Waits(w), $"tip: mesh workspaces show {w.Id}"]
    );

    public static readonly Wish Restart = new(
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
        w => $"restart of workspace \"{w.Name}\" is asked for",
        w => [.. Waits(w), $"tip: mesh workspaces show {w.Id}"]
    );

    public static readonly Wish Remove = new(
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
        w => $"deletion of workspace \"{w.Name}\" is asked for",
        w =>
            w.State == WorkspaceState.Deleted
                ? ["it is gone already"]
                :
                [
                    $"waits for: the agent of provider \"{w.Provider}\" to remove all of its objects, disk included",
                    .. Waits(w),
                    $"tip: mesh workspaces show {w.Id}",
                ]
    );

    // Of a provider that isn't ready only: else what was asked for comes about by itself, and soon.
    private static string[] Waits(Workspace w) =>
        w.Summary
            is { WaitingFor.Length: > 0, LastReportTime: not null }
                or { State: WorkspaceState.Pending, Reason.Length: > 0 }
            ? [$"waits for: {w.Summary.WaitingFor}"]
            : [];
}
