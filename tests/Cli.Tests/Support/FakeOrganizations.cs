using Coder.Mesh.V1;
using Grpc.Core;

namespace Coder.Mesh.Cli.Tests.Support;

public sealed class FakeOrganizations : OrganizationService.OrganizationServiceBase
{
    /// <summary>In order of name, as the real one lists them.</summary>
    public List<Organization> All { get; } = [];

    /// <summary>How many a page holds, whatever is asked for.</summary>
    public int PageSize { get; set; } = 1000;

    public Changes<WatchOrganizationsResponse> Changes { get; } = new();

    public override Task WatchOrganizations(
        WatchOrganizationsRequest request,
        IServerStreamWriter<WatchOrganizationsResponse> responseStream,
        ServerCallContext context
    ) => Changes.Serve(request, responseStream, context.CancellationToken);

    public override Task<CreateOrganizationResponse> CreateOrganization(
        CreateOrganizationRequest request,
        ServerCallContext context
    )
    {
        if (All.Any(o => o.Name == request.Name))
            throw FakeControlPlane.Rich(
                StatusCode.AlreadyExists,
                $"There is already an organization \"{request.Name}\"; choose another name.",
                "ORGANIZATION_EXISTS"
            );
        var organization = Sample.Organization(request.Name, "built-in");
        All.Add(organization);
        return Task.FromResult(new CreateOrganizationResponse { Organization = organization });
    }

    public override Task<GetOrganizationResponse> GetOrganization(
        GetOrganizationRequest request,
        ServerCallContext context
    ) => Task.FromResult(new GetOrganizationResponse { Organization = Find(request.Organization) });

    public override Task<ListOrganizationsResponse> ListOrganizations(
        ListOrganizationsRequest request,
        ServerCallContext context
    )
    {
        var matching = All.Where(o => request.Provider.Length == 0 || o.Providers.Contains(request.Provider)).ToList();
        var (items, next) = Page.Of(matching, request.PageToken, PageSize);
        return Task.FromResult(
            new ListOrganizationsResponse
            {
                Organizations = { items },
                NextPageToken = next,
                ResumeToken = "listed",
            }
        );
    }

    public override Task<AllowProviderResponse> AllowProvider(AllowProviderRequest request, ServerCallContext context)
    {
        var organization = Find(request.Organization);
        organization.Providers.Add(request.Provider);
        return Task.FromResult(new AllowProviderResponse { Organization = organization });
    }

    public override Task<DisallowProviderResponse> DisallowProvider(
        DisallowProviderRequest request,
        ServerCallContext context
    )
    {
        var organization = Find(request.Organization);
        if (organization.Providers.Count == 1)
            throw FakeControlPlane.Rich(
                StatusCode.FailedPrecondition,
                $"\"{request.Provider}\" is the only provider of {organization.Name}; allow it another one first "
                    + $"(\"mesh orgs allow {organization.Name} PROVIDER\").",
                "PROVIDER_LAST_OF_ORGANIZATION"
            );
        organization.Providers.Remove(request.Provider);
        return Task.FromResult(new DisallowProviderResponse { Organization = organization });
    }

    public override Task<DeleteOrganizationResponse> DeleteOrganization(
        DeleteOrganizationRequest request,
        ServerCallContext context
    )
    {
        var organization = Find(request.Organization);
        if (organization.UnfinishedWorkspaces > 0)
            throw FakeControlPlane.Rich(
                StatusCode.FailedPrecondition,
                $"\"{organization.Name}\" has {organization.UnfinishedWorkspaces} workspaces that have not ended; remove them "
                    + $"first (\"mesh workspaces ls --org {organization.Name}\").",
                "ORGANIZATION_IN_USE"
            );
        All.Remove(organization);
        return Task.FromResult(new DeleteOrganizationResponse());
    }

    private Organization Find(string nameOrId) =>
        All.Find(o => o.Name == nameOrId || o.Id == nameOrId)
        ?? throw FakeControlPlane.Rich(
            StatusCode.NotFound,
            $"There is no organization \"{nameOrId}\"; \"mesh orgs ls\" lists them.",
            "ORGANIZATION_NOT_FOUND"
        );
}
