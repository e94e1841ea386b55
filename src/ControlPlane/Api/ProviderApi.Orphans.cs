using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Edge;
using Coder.Mesh.ControlPlane.Mapping;
using Coder.Mesh.ControlPlane.Observability;
using Coder.Mesh.ControlPlane.Orphans;
using Coder.Mesh.ControlPlane.Workspaces;
using Coder.Mesh.V1;
using Grpc.Core;
using Proto = Coder.Mesh.V1;

namespace Coder.Mesh.ControlPlane.Api;

internal sealed partial class ProviderApi
{
    public override async Task<ListOrphansResponse> ListOrphans(ListOrphansRequest request, ServerCallContext context)
    {
        ProviderRequests.Check(request.Provider).Page(request.PageSize, request.PageToken).ThrowIfViolated();
        var ct = context.CancellationToken;
        var provider = (await view.Find(request.Provider, ct)).OrThrow();
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
            rows => Task.FromResult<IReadOnlyList<Proto.Orphan>>([.. rows.Select(OrphanMapping.ToProto)]),
            row => row.WorkspaceId
        );
        return new ListOrphansResponse
        {
            Orphans = { page },
            NextPageToken = next,
            Unlisted = unlisted,
        };
    }

    public override async Task<AdoptOrphanResponse> AdoptOrphan(AdoptOrphanRequest request, ServerCallContext context)
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
        fields.ThrowIfViolated();
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
        var write = context.Write(request, request.RequestId);
        var ct = context.CancellationToken;
        var adopted = await orphanCommands.Adopt(write, wanted, ct);
        return new AdoptOrphanResponse { Workspace = await workspaces.Read(adopted.OrThrow().Subject, ct) };
    }

    public override async Task<RemoveOrphanResponse> RemoveOrphan(
        RemoveOrphanRequest request,
        ServerCallContext context
    )
    {
        ProviderRequests
            .Check(request.Provider, requestId: request.RequestId)
            .WorkspaceId(request.WorkspaceId)
            .ThrowIfViolated();
        var write = context.Write(request, request.RequestId);
        var ct = context.CancellationToken;
        var traceparent = Tracing.CurrentTraceparent;
        var removed = await orphanCommands.Remove(write, request.Provider, request.WorkspaceId, traceparent, ct);
        return new RemoveOrphanResponse { Workspace = await workspaces.Read(removed.OrThrow().Subject, ct) };
    }
}
