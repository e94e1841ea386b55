using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Identity;
using Coder.Mesh.ControlPlane.Mapping;
using Coder.Mesh.ControlPlane.Organizations;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Watches;
using Coder.Mesh.V1;

namespace Coder.Mesh.ControlPlane.Operations;

/// <summary>Operations on organizations and their allowlists.</summary>
internal sealed class OrganizationOperations(
    OrganizationCommands commands,
    OrganizationView view,
    OrganizationResponseMapper answers,
    ProviderView providers,
    Subscriptions subscriptions
)
{
    public Task<Result<CreateOrganizationResponse>> Create(
        CreateOrganizationRequest request,
        Caller by,
        CancellationToken ct
    ) =>
        new Fields()
            .Name("name", request.Name)
            .RequestId(request.RequestId)
            .Then(() => commands.Create(Writes.By(by, request, request.RequestId), request.Name, ct))
            .Map(async written => new CreateOrganizationResponse
            {
                Organization = await answers.Read(written.Subject, ct),
            });

    public Task<Result<GetOrganizationResponse>> Get(GetOrganizationRequest request, CancellationToken ct) =>
        new Fields()
            .Text("organization", request.Organization, 253)
            .Then(() => view.Find(request.Organization, ct))
            .Map(async found => new GetOrganizationResponse
            {
                Organization = await answers.Read(found.OrganizationId, ct),
            });

    public Task<Result<ListOrganizationsResponse>> List(ListOrganizationsRequest request, CancellationToken ct) =>
        new Fields()
            .Text("provider", request.Provider, 253)
            .Page(request.PageSize, request.PageToken)
            .Then(() => ProviderId(request.Provider, ct))
            .Map(async providerId =>
            {
                // Read before the list, so that a watch from there reports what changes meanwhile.
                var now = await subscriptions.Now(ct);
                var (page, next) = await PageBytes.Fill(
                    Paging.Size(request.PageSize),
                    request.PageToken,
                    (after, count) => view.Page(providerId, after, count, ct),
                    rows => answers.Map(rows, OrganizationResponseMapper.MaxNamedInLists, ct),
                    row => row.Name
                );
                return new ListOrganizationsResponse
                {
                    Organizations = { page },
                    NextPageToken = next,
                    ResumeToken = now,
                };
            });

    /// <summary>Subscribes to changes of organizations. The sequence does not end.</summary>
    public Task<Result<IAsyncEnumerable<ResourceChange>>> Watch(
        WatchOrganizationsRequest request,
        CancellationToken ct
    ) =>
        new Fields()
            .Text("organization", request.Organization, 253)
            .Text("provider", request.Provider, 253)
            .ResumeToken(request.ResumeToken)
            .Then(() => ProviderId(request.Provider, ct))
            .Then(providerId =>
                ResultSteps
                    .When<string?>(
                        request.Organization.Length > 0,
                        // Also finds deleted organizations: a resumed watch still has to report their deletion.
                        () => view.FindEver(request.Organization, ct).Map(string? (o) => o.OrganizationId),
                        otherwise: null
                    )
                    .Map(organizationId =>
                        subscriptions.Subscribe(
                            request.ResumeToken,
                            new OrganizationChanges(organizationId, providerId)
                        )
                    )
            );

    public Task<Result<DeleteOrganizationResponse>> Delete(
        DeleteOrganizationRequest request,
        Caller by,
        CancellationToken ct
    ) =>
        new Fields()
            .Reference("organization", request.Organization)
            .Etag(request.Etag)
            .RequestId(request.RequestId)
            .Then(() =>
                commands.Delete(Writes.By(by, request, request.RequestId), request.Organization, request.Etag, ct)
            )
            .Map(_ => new DeleteOrganizationResponse());

    public Task<Result<AllowProviderResponse>> Allow(AllowProviderRequest request, Caller by, CancellationToken ct) =>
        Check(request.Organization, request.Provider, request.Etag, request.RequestId)
            .Then(() =>
                commands.Allow(
                    Writes.By(by, request, request.RequestId),
                    request.Organization,
                    request.Provider,
                    request.Etag,
                    ct
                )
            )
            .Map(async written => new AllowProviderResponse
            {
                Organization = await answers.Read(written.Subject, ct),
                Unchanged = written.Unchanged,
            });

    public Task<Result<DisallowProviderResponse>> Disallow(
        DisallowProviderRequest request,
        Caller by,
        CancellationToken ct
    ) =>
        Check(request.Organization, request.Provider, request.Etag, request.RequestId)
            .Then(() =>
                commands.Disallow(
                    Writes.By(by, request, request.RequestId),
                    request.Organization,
                    request.Provider,
                    request.Etag,
                    ct
                )
            )
            .Map(async written => new DisallowProviderResponse
            {
                Organization = await answers.Read(written.Subject, ct),
                Unchanged = written.Unchanged,
            });

    /// <returns>Null if no provider is named.</returns>
    private Task<Result<string?>> ProviderId(string provider, CancellationToken ct) =>
        ResultSteps.When<string?>(
            provider.Length > 0,
            () => providers.Find(provider, ct).Map(string? (p) => p.ProviderId),
            otherwise: null
        );

    private static Fields Check(string organization, string provider, string etag, string requestId) =>
        new Fields()
            .Text("organization", organization, 253)
            .Reference("provider", provider)
            .Etag(etag)
            .RequestId(requestId);
}
