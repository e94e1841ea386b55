using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Identity;
using Coder.Mesh.ControlPlane.Mapping;
using Coder.Mesh.ControlPlane.Observability;
using Coder.Mesh.ControlPlane.Orphans;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Workspaces;
using Coder.Mesh.V1;
using Orphan = Coder.Mesh.V1.Orphan;

namespace Coder.Mesh.ControlPlane.Operations;

/// <summary>Operations on workspaces that exist in a cluster but not in the database.</summary>
internal sealed class OrphanOperations(
    OrphanView orphans,
    OrphanCommands commands,
    ProviderView providers,
    WorkspaceResponseMapper workspaces
)
{
    public Task<Result<ListOrphansResponse>> List(ListOrphansRequest request, CancellationToken ct) =>
        ProviderRequests
            .Check(request.Provider)
            .Page(request.PageSize, request.PageToken)
            .Then(() => providers.Find(request.Provider, ct))
            .Map(async provider =>
            {
                var unlisted = 0;
                var (page, next) = await PageBytes.Fill(
                    Paging.Size(request.PageSize),
                    request.PageToken,
                    async (after, count) =>
                    {
                        var read = await orphans.Page(provider.ProviderId, after, count, ct);
                        unlisted = read.Rest;
                        return read.Orphans;
                    },
                    rows => Task.FromResult<IReadOnlyList<Orphan>>([.. rows.Select(OrphanMapping.ToProto)]),
                    row => row.WorkspaceId
                );
                return new ListOrphansResponse
                {
                    Orphans = { page },
                    NextPageToken = next,
                    Unlisted = unlisted,
                };
            });

    public Task<Result<AdoptOrphanResponse>> Adopt(AdoptOrphanRequest request, Caller by, CancellationToken ct)
    {
        var spec = WorkspaceMapping.FromProto(request.Spec ?? new Coder.Mesh.V1.WorkspaceSpec());
        var fields = ProviderRequests
            .Check(request.Provider, requestId: request.RequestId)
            .WorkspaceId(request.WorkspaceId)
            .Text("organization", request.Organization, 253)
            .PartialSpec(spec)
            .Owner(request.Owner, request.OwnerEmail);
        if (request.Name.Length > 0)
            fields.Name("name", request.Name);
        var wanted = new OrphanAdoption(
            request.Provider,
            request.WorkspaceId,
            request.Organization,
            request.Name,
            spec,
            Tracing.CurrentTraceparent,
            request.Owner,
            request.OwnerEmail
        );
        return fields
            .Then(() => commands.Adopt(Writes.By(by, request, request.RequestId), wanted, ct))
            .Map(async written => new AdoptOrphanResponse { Workspace = await workspaces.Read(written.Subject, ct) });
    }

    public Task<Result<RemoveOrphanResponse>> Remove(RemoveOrphanRequest request, Caller by, CancellationToken ct)
    {
        var traceparent = Tracing.CurrentTraceparent;
        return ProviderRequests
            .Check(request.Provider, requestId: request.RequestId)
            .WorkspaceId(request.WorkspaceId)
            .Then(() =>
                commands.Remove(
                    Writes.By(by, request, request.RequestId),
                    request.Provider,
                    request.WorkspaceId,
                    traceparent,
                    ct
                )
            )
            .Map(async written => new RemoveOrphanResponse { Workspace = await workspaces.Read(written.Subject, ct) });
    }
}
