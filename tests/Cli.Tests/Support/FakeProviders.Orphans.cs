using Coder.Mesh.V1;
using Grpc.Core;

namespace Coder.Mesh.Cli.Tests.Support;

/// <summary>What clusters hold and the control plane doesn't know.</summary>
public sealed partial class FakeProviders
{
    public List<Orphan> Orphans { get; } = [];

    public int Unlisted { get; set; }

    public override Task<ListOrphansResponse> ListOrphans(ListOrphansRequest request, ServerCallContext context)
    {
        Find(request.Provider);
        return Task.FromResult(new ListOrphansResponse { Orphans = { Orphans }, Unlisted = Unlisted });
    }

    public override Task<AdoptOrphanResponse> AdoptOrphan(AdoptOrphanRequest request, ServerCallContext context)
    {
        Changed = request;
        var orphan = FindOrphan(request.WorkspaceId);
        var workspace = Sample.Workspace(request.Name.Length > 0 ? request.Name : orphan.Name, WorkspaceState.Pending);
        (workspace.Id, workspace.Provider) = (orphan.WorkspaceId, Find(request.Provider).Name);
        return Task.FromResult(new AdoptOrphanResponse { Workspace = workspace });
    }

    public override Task<RemoveOrphanResponse> RemoveOrphan(RemoveOrphanRequest request, ServerCallContext context)
    {
        Changed = request;
        var orphan = FindOrphan(request.WorkspaceId);
        Orphans.Remove(orphan);
        var workspace = Sample.Workspace(orphan.WorkspaceId, WorkspaceState.Deleting);
        workspace.Id = orphan.WorkspaceId;
        return Task.FromResult(new RemoveOrphanResponse { Workspace = workspace });
    }

    private Orphan FindOrphan(string id) =>
        Orphans.FirstOrDefault(o => o.WorkspaceId == id)
        ?? throw FakeControlPlane.Rich(
            StatusCode.NotFound,
            $"The provider has no orphan \"{id}\": it has been adopted or removed, or its cluster holds it no longer.",
            "ORPHAN_NOT_FOUND"
        );
}
