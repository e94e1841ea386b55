using Coder.Mesh.ControlPlane.Edge;
using Coder.Mesh.ControlPlane.Identity;
using Coder.Mesh.ControlPlane.Operations;
using Coder.Mesh.V1;
using Grpc.Core;
using Microsoft.AspNetCore.Authorization;

namespace Coder.Mesh.ControlPlane.Api;

/// <summary>gRPC service of organizations.</summary>
[Authorize(Policies.SiteAdmin)]
internal sealed class OrganizationGrpcService(OrganizationOperations organizations, WatchPump watches)
    : OrganizationService.OrganizationServiceBase
{
    public override Task<CreateOrganizationResponse> CreateOrganization(
        CreateOrganizationRequest request,
        ServerCallContext context
    ) => organizations.Create(request, context.Caller(), context.CancellationToken).OrThrow();

    public override Task<GetOrganizationResponse> GetOrganization(
        GetOrganizationRequest request,
        ServerCallContext context
    ) => organizations.Get(request, context.CancellationToken).OrThrow();

    public override Task<ListOrganizationsResponse> ListOrganizations(
        ListOrganizationsRequest request,
        ServerCallContext context
    ) => organizations.List(request, context.CancellationToken).OrThrow();

    public override Task<DeleteOrganizationResponse> DeleteOrganization(
        DeleteOrganizationRequest request,
        ServerCallContext context
    ) => organizations.Delete(request, context.Caller(), context.CancellationToken).OrThrow();

    public override Task<AllowProviderResponse> AllowProvider(
        AllowProviderRequest request,
        ServerCallContext context
    ) => organizations.Allow(request, context.Caller(), context.CancellationToken).OrThrow();

    public override Task<DisallowProviderResponse> DisallowProvider(
        DisallowProviderRequest request,
        ServerCallContext context
    ) => organizations.Disallow(request, context.Caller(), context.CancellationToken).OrThrow();

    public override async Task WatchOrganizations(
        WatchOrganizationsRequest request,
        IServerStreamWriter<WatchOrganizationsResponse> responseStream,
        ServerCallContext context
    ) =>
        await watches.Run(
            await organizations.Watch(request, context.CancellationToken).OrThrow(),
            change => new WatchOrganizationsResponse
            {
                Type = change.Type,
                Organization = change.Organization,
                ResumeToken = change.ResumeToken,
            },
            responseStream,
            context
        );
}
