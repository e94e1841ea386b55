using Coder.Mesh.ControlPlane.Edge;
using Coder.Mesh.ControlPlane.Identity;
using Coder.Mesh.ControlPlane.Operations;
using Coder.Mesh.V1;
using Grpc.Core;
using Microsoft.AspNetCore.Authorization;

namespace Coder.Mesh.ControlPlane.Api;

/// <summary>gRPC service of providers.</summary>
[Authorize(Policies.SiteAdmin)]
internal sealed class ProviderGrpcService(
    ProviderOperations providers,
    ProviderTokenOperations tokens,
    OrphanOperations orphans,
    WatchPump watches
) : ProviderService.ProviderServiceBase
{
    public override Task<CreateProviderResponse> CreateProvider(
        CreateProviderRequest request,
        ServerCallContext context
    ) => tokens.Create(request, context.Caller(), context.CancellationToken).OrThrow();

    public override Task<GetProviderResponse> GetProvider(GetProviderRequest request, ServerCallContext context) =>
        providers.Get(request, context.CancellationToken).OrThrow();

    public override Task<ListProvidersResponse> ListProviders(
        ListProvidersRequest request,
        ServerCallContext context
    ) => providers.List(request, context.CancellationToken).OrThrow();

    public override async Task WatchProviders(
        WatchProvidersRequest request,
        IServerStreamWriter<WatchProvidersResponse> responseStream,
        ServerCallContext context
    ) =>
        await watches.Run(
            await providers.Watch(request, context.CancellationToken).OrThrow(),
            change => new WatchProvidersResponse
            {
                Type = change.Type,
                Provider = change.Provider,
                ResumeToken = change.ResumeToken,
            },
            responseStream,
            context
        );

    public override Task<UpdateProviderResponse> UpdateProvider(
        UpdateProviderRequest request,
        ServerCallContext context
    ) => providers.Update(request, context.Caller(), context.CancellationToken).OrThrow();

    public override Task<RenameProviderResponse> RenameProvider(
        RenameProviderRequest request,
        ServerCallContext context
    ) => providers.Rename(request, context.Caller(), context.CancellationToken).OrThrow();

    public override Task<CordonProviderResponse> CordonProvider(
        CordonProviderRequest request,
        ServerCallContext context
    ) => providers.Cordon(request, context.Caller(), context.CancellationToken).OrThrow();

    public override Task<UncordonProviderResponse> UncordonProvider(
        UncordonProviderRequest request,
        ServerCallContext context
    ) => providers.Uncordon(request, context.Caller(), context.CancellationToken).OrThrow();

    public override Task<SetDefaultProviderResponse> SetDefaultProvider(
        SetDefaultProviderRequest request,
        ServerCallContext context
    ) => providers.SetDefault(request, context.Caller(), context.CancellationToken).OrThrow();

    public override Task<DeleteProviderResponse> DeleteProvider(
        DeleteProviderRequest request,
        ServerCallContext context
    ) => providers.Delete(request, context.Caller(), context.CancellationToken).OrThrow();

    public override Task<ForgetProviderResponse> ForgetProvider(
        ForgetProviderRequest request,
        ServerCallContext context
    ) => providers.Forget(request, context.Caller(), context.CancellationToken).OrThrow();

    public override Task<AcceptClusterResponse> AcceptCluster(
        AcceptClusterRequest request,
        ServerCallContext context
    ) => providers.AcceptCluster(request, context.Caller(), context.CancellationToken).OrThrow();

    public override Task<RotateTokenResponse> RotateToken(RotateTokenRequest request, ServerCallContext context) =>
        tokens.Rotate(request, context.Caller(), context.CancellationToken).OrThrow();

    public override Task<RevokeTokenResponse> RevokeToken(RevokeTokenRequest request, ServerCallContext context) =>
        tokens.Revoke(request, context.Caller(), context.CancellationToken).OrThrow();

    public override Task<ListHistoryResponse> ListHistory(ListHistoryRequest request, ServerCallContext context) =>
        providers.History(request, context.CancellationToken).OrThrow();

    public override Task<ListOrphansResponse> ListOrphans(ListOrphansRequest request, ServerCallContext context) =>
        orphans.List(request, context.CancellationToken).OrThrow();

    public override Task<AdoptOrphanResponse> AdoptOrphan(AdoptOrphanRequest request, ServerCallContext context) =>
        orphans.Adopt(request, context.Caller(), context.CancellationToken).OrThrow();

    public override Task<RemoveOrphanResponse> RemoveOrphan(RemoveOrphanRequest request, ServerCallContext context) =>
        orphans.Remove(request, context.Caller(), context.CancellationToken).OrThrow();
}
