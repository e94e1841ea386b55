using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Edge;
using Coder.Mesh.ControlPlane.Identity;
using Coder.Mesh.ControlPlane.Mapping;
using Coder.Mesh.ControlPlane.Organizations;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.V1;
using Grpc.Core;
using Microsoft.AspNetCore.Authorization;

namespace Coder.Mesh.ControlPlane.Api;

/// <summary>The gRPC edge of organizations.</summary>
[Authorize(Policies.SiteAdmin)]
internal sealed class OrganizationApi(
    OrganizationCommands commands,
    OrganizationView view,
    OrganizationAnswers answers,
    ProviderView providers
) : OrganizationService.OrganizationServiceBase
{
    public override async Task<CreateOrganizationResponse> CreateOrganization(
        CreateOrganizationRequest request,
        ServerCallContext context
    )
    {
        new Fields().Name("name", request.Name).RequestId(request.RequestId).ThrowIfViolated();
        var write = context.Write(request, request.RequestId);
        var written = await commands.Create(write, request.Name, context.CancellationToken);
        return new CreateOrganizationResponse { Organization = await Read(written, context) };
    }

    public override async Task<GetOrganizationResponse> GetOrganization(
        GetOrganizationRequest request,
        ServerCallContext context
    )
    {
        new Fields().Text("organization", request.Organization, 253).ThrowIfViolated();
        var ct = context.CancellationToken;
        var found = (await view.Find(request.Organization, ct)).OrThrow();
        return new GetOrganizationResponse { Organization = await Read(found.OrganizationId, ct) };
    }

    public override async Task<ListOrganizationsResponse> ListOrganizations(
        ListOrganizationsRequest request,
        ServerCallContext context
    )
    {
        new Fields()
            .Text("provider", request.Provider, 253)
            .Page(request.PageSize, request.PageToken)
            .ThrowIfViolated();
        var ct = context.CancellationToken;
        var providerId =
            request.Provider.Length > 0 ? (await providers.Find(request.Provider, ct)).OrThrow().ProviderId : null;
        var (page, next) = await PageBytes.Fill(
            Paging.Size(request.PageSize),
            request.PageToken,
            (after, count) => view.Page(providerId, after, count, ct),
            rows => answers.Map(rows, OrganizationAnswers.MaxNamedInLists, ct),
            row => row.Name
        );
        return new ListOrganizationsResponse { Organizations = { page }, NextPageToken = next };
    }

    public override async Task<DeleteOrganizationResponse> DeleteOrganization(
        DeleteOrganizationRequest request,
        ServerCallContext context
    )
    {
        new Fields()
            .Reference("organization", request.Organization)
            .Etag(request.Etag)
            .RequestId(request.RequestId)
            .ThrowIfViolated();
        var write = context.Write(request, request.RequestId);
        (await commands.Delete(write, request.Organization, request.Etag, context.CancellationToken)).OrThrow();
        return new DeleteOrganizationResponse();
    }

    public override async Task<AllowProviderResponse> AllowProvider(
        AllowProviderRequest request,
        ServerCallContext context
    )
    {
        Check(request.Organization, request.Provider, request.Etag, request.RequestId);
        var write = context.Write(request, request.RequestId);
        var written = await commands.Allow(
            write,
            request.Organization,
            request.Provider,
            request.Etag,
            context.CancellationToken
        );
        return new AllowProviderResponse
        {
            Organization = await Read(written, context),
            Unchanged = written.OrThrow().Unchanged,
        };
    }

    public override async Task<DisallowProviderResponse> DisallowProvider(
        DisallowProviderRequest request,
        ServerCallContext context
    )
    {
        Check(request.Organization, request.Provider, request.Etag, request.RequestId);
        var write = context.Write(request, request.RequestId);
        var written = await commands.Disallow(
            write,
            request.Organization,
            request.Provider,
            request.Etag,
            context.CancellationToken
        );
        return new DisallowProviderResponse
        {
            Organization = await Read(written, context),
            Unchanged = written.OrThrow().Unchanged,
        };
    }

    private static void Check(string organization, string provider, string etag, string requestId) =>
        new Fields()
            .Text("organization", organization, 253)
            .Reference("provider", provider)
            .Etag(etag)
            .RequestId(requestId)
            .ThrowIfViolated();

    private Task<Coder.Mesh.V1.Organization> Read(Result<Written> written, ServerCallContext context) =>
        Read(written.OrThrow().Subject, context.CancellationToken);

    private async Task<Coder.Mesh.V1.Organization> Read(string organizationId, CancellationToken ct) =>
        (await answers.Map([await view.Read(organizationId, ct)], OrganizationAnswers.MaxNamed, ct))[0];
}
