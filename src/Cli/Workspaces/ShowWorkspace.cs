using System.CommandLine;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Commands;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.V1;
using Grpc.Core;

namespace Coder.Mesh.Cli.Workspaces;

/// <summary>`mesh workspaces show`.</summary>
internal static class ShowWorkspace
{
    public static Command Make(CliHost host)
    {
        var name = Arguments.One(
            "Name of one of your workspaces, or any id; workspaces that have ended are found by id only"
        );
        var scope = new ScopeOptions();
        var command = new MeshCommand(
            "show",
            "Show one workspace: its desired state, and the state that its cluster reports.",
            "mesh workspaces show dev",
            "mesh workspaces show dev -o json | jq -r .state"
        )
        {
            name,
        };
        foreach (var option in scope.All)
            command.Add(option);
        return host.Calls(command, (run, ct) => Run(run, run.Line.GetRequiredValue(name), scope.Of(run), ct));
    }

    private static async Task<int> Run(Invocation run, string name, Scope scope, CancellationToken ct)
    {
        var workspace = await run.GetWorkspace(name, scope, ct);
        if (run.WantsData)
            run.Data(Json.Of(workspace));
        else
            run.Output.Fields(
                WorkspaceText.Facts(workspace, run.Time).AddIfAny("Connect", await WayIn(run, workspace, ct))
            );
        return ExitCodes.Ok;
    }

    // It may not be running, or be about to stop.
    private static bool IsDoubtful(WorkspaceSummary? summary) =>
        summary is not null and not { State: WorkspaceState.Running, LastReportTime: null };

    /// <summary>Formats the kubectl command that connects to a workspace; empty if it is not running.</summary>
    private static async Task<string> WayIn(Invocation run, Workspace workspace, CancellationToken ct)
    {
        if (workspace.State != WorkspaceState.Running || IsDoubtful(workspace.Summary))
            return "";
        var request = new GetProviderRequest { Provider = workspace.ProviderId };
        ProviderAgent? agent;
        try
        {
            agent = (await run.Client.Providers.GetProviderAsync(request, cancellationToken: ct)).Provider.Agent;
        }
        catch (RpcException e) when (e.StatusCode is StatusCode.NotFound or StatusCode.PermissionDenied)
        {
            // The provider was forgotten, or is not visible to the caller.
            return "";
        }

        return agent is { Namespace: { Length: > 0 } ns, Driver: not "simulated" }
            ? $"kubectl exec -it -n {ns} deploy/ws-{workspace.Id} -- sh   (with the kubeconfig of its cluster)"
            : "";
    }
}
