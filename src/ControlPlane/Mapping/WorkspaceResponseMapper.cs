using Coder.Mesh.ControlPlane.Organizations;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Workspaces;

namespace Coder.Mesh.ControlPlane.Mapping;

/// <summary>Maps workspaces, with the names of related resources, to the API.</summary>
internal sealed class WorkspaceResponseMapper(
    WorkspaceView view,
    OrganizationView organizations,
    ProviderView providers
)
{
    /// <summary>Returns the workspace after a write.</summary>
    public async Task<Coder.Mesh.V1.Workspace> Read(string workspaceId, CancellationToken ct) =>
        (await Map([(await view.Find(workspaceId, ct))!], ct))[0];

    public async Task<IReadOnlyList<Coder.Mesh.V1.Workspace>> Map(
        IReadOnlyList<Workspace> workspaces,
        CancellationToken ct
    )
    {
        if (workspaces.Count == 0)
            return [];
        var names = await organizations.Names(workspaces.Select(w => w.OrganizationId), ct);
        var known = await providers.OfWorkspaces(workspaces.Select(w => w.ProviderId), ct);
        return
        [
            .. workspaces.Select(w =>
                WorkspaceMapping.ToProto(
                    w,
                    names.GetValueOrDefault(w.OrganizationId, w.OrganizationId),
                    known.GetValueOrDefault(w.ProviderId) ?? WorkspaceProvider.Unknown(w.ProviderId)
                )
            ),
        ];
    }
}
