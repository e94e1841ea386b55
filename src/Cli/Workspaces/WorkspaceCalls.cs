using Coder.Mesh.Cli.Commands;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Workspaces;

/// <summary>Calls that several workspace commands share.</summary>
internal static class WorkspaceCalls
{
    public static async Task<Workspace> GetWorkspace(
        this Invocation run,
        string name,
        Scope scope,
        CancellationToken ct
    )
    {
        var request = new GetWorkspaceRequest
        {
            Workspace = name,
            Organization = scope.Organization,
            Owner = scope.Owner,
        };
        return (await run.Client.Workspaces.GetWorkspaceAsync(request, cancellationToken: ct)).Workspace;
    }
}
