using System.Runtime.CompilerServices;
using Coder.Mesh.V1;
using Grpc.Core;

namespace Coder.Mesh.Protocol.Client;

/// <summary>The calls of a watch for one kind of resource.</summary>
internal interface IWatchCalls<TResource, TMessage>
{
    /// <summary>
    /// Reads the pages of resources that match the filter. The watch starts from the token of the first page.
    /// </summary>
    IAsyncEnumerable<(IReadOnlyList<TResource> Resources, string ResumeToken)> List(CancellationToken ct);

    AsyncServerStreamingCall<TMessage> Watch(string resumeToken, CancellationToken ct);

    (ChangeType Type, TResource? Resource, string ResumeToken) Read(TMessage message);

    (string Id, ulong Version) Key(TResource resource);

    /// <summary>Whether changes of derived fields, such as counts, are reported with the same version.</summary>
    bool ChangesWithoutVersion { get; }
}

internal sealed class WorkspaceWatchCalls(
    WorkspaceService.WorkspaceServiceClient workspaces,
    WatchWorkspacesRequest filter
) : IWatchCalls<Workspace, WatchWorkspacesResponse>
{
    private const int PageSize = 1_000;

    public bool ChangesWithoutVersion => false;

    public async IAsyncEnumerable<(IReadOnlyList<Workspace>, string)> List(
        [EnumeratorCancellation] CancellationToken ct
    )
    {
        var request = new ListWorkspacesRequest
        {
            Organization = filter.Organization,
            Provider = filter.Provider,
            Owner = filter.Owner,
            State = filter.State,
            States = { filter.States },
            IncludeEnded = filter.IncludeEnded,
            PageSize = filter.Workspace.Length > 0 ? 1 : PageSize,
        };
        do
        {
            var page = await workspaces.ListWorkspacesAsync(request, cancellationToken: ct).ConfigureAwait(false);
            if (filter.Workspace.Length > 0)
            {
                yield return (await Only(ct).ConfigureAwait(false), page.ResumeToken);
                yield break;
            }

            yield return (page.Workspaces, page.ResumeToken);
            request.PageToken = page.NextPageToken;
        } while (request.PageToken.Length > 0);
    }

    public AsyncServerStreamingCall<WatchWorkspacesResponse> Watch(string resumeToken, CancellationToken ct)
    {
        var request = filter.Clone();
        request.ResumeToken = resumeToken;
        return workspaces.WatchWorkspaces(request, cancellationToken: ct);
    }

    public (ChangeType, Workspace?, string) Read(WatchWorkspacesResponse message) =>
        (message.Type, message.Workspace, message.ResumeToken);

    public (string Id, ulong Version) Key(Workspace resource) => (resource.Id, resource.ResourceVersion);

    private async Task<IReadOnlyList<Workspace>> Only(CancellationToken ct)
    {
        var request = new GetWorkspaceRequest { Workspace = filter.Workspace, Organization = filter.Organization };
        var one = (await workspaces.GetWorkspaceAsync(request, cancellationToken: ct).ConfigureAwait(false)).Workspace;
        // Continues by id: an ended workspace is found by id only, and its name may be reused.
        filter.Workspace = one.Id;
        return Holds(one) ? [one] : [];
    }

    private bool Holds(Workspace one) =>
        (States.Length == 0 ? filter.IncludeEnded || !IsFinal(one.State) : States.Contains(one.State))
        && (filter.Owner.Length == 0 || one.Owner == filter.Owner)
        && (filter.Provider.Length == 0 || one.Provider == filter.Provider || one.ProviderId == filter.Provider);

    private WorkspaceState[] States =>
        [.. filter.States.Append(filter.State).Where(s => s != WorkspaceState.Unspecified)];

    private static bool IsFinal(WorkspaceState state) => state is WorkspaceState.Deleted or WorkspaceState.Lost;
}

internal sealed class ProviderWatchCalls(ProviderService.ProviderServiceClient providers, WatchProvidersRequest filter)
    : IWatchCalls<Provider, WatchProvidersResponse>
{
    private const int PageSize = 1_000;

    public bool ChangesWithoutVersion => true;

    public async IAsyncEnumerable<(IReadOnlyList<Provider>, string)> List([EnumeratorCancellation] CancellationToken ct)
    {
        var request = new ListProvidersRequest
        {
            Region = filter.Region,
            Status = filter.Status,
            Statuses = { filter.Statuses },
            IncludeDeleted = filter.IncludeDeleted,
            PageSize = PageSize,
        };
        if (filter.HasCordoned)
            request.Cordoned = filter.Cordoned;
        do
        {
            var page = await providers.ListProvidersAsync(request, cancellationToken: ct).ConfigureAwait(false);
            yield return (filter.Provider.Length == 0 ? page.Providers : Only(page.Providers), page.ResumeToken);
            request.PageToken = page.NextPageToken;
        } while (request.PageToken.Length > 0);
    }

    private List<Provider> Only(IEnumerable<Provider> listed)
    {
        var only = listed.Where(p => p.Name == filter.Provider || p.Id == filter.Provider).ToList();
        // Continues by id: a deleted one is found by id only, and its name may be reused.
        if (only.Count > 0)
            filter.Provider = only[0].Id;
        return only;
    }

    public AsyncServerStreamingCall<WatchProvidersResponse> Watch(string resumeToken, CancellationToken ct)
    {
        var request = filter.Clone();
        request.ResumeToken = resumeToken;
        return providers.WatchProviders(request, cancellationToken: ct);
    }

    public (ChangeType, Provider?, string) Read(WatchProvidersResponse message) =>
        (message.Type, message.Provider, message.ResumeToken);

    public (string Id, ulong Version) Key(Provider resource) => (resource.Id, resource.ResourceVersion);
}

internal sealed class OrganizationWatchCalls(
    OrganizationService.OrganizationServiceClient organizations,
    WatchOrganizationsRequest filter
) : IWatchCalls<Organization, WatchOrganizationsResponse>
{
    private const int PageSize = 1_000;

    public bool ChangesWithoutVersion => true;

    public async IAsyncEnumerable<(IReadOnlyList<Organization>, string)> List(
        [EnumeratorCancellation] CancellationToken ct
    )
    {
        var request = new ListOrganizationsRequest { Provider = filter.Provider, PageSize = PageSize };
        do
        {
            var page = await organizations.ListOrganizationsAsync(request, cancellationToken: ct).ConfigureAwait(false);
            yield return (
                filter.Organization.Length == 0 ? page.Organizations : Only(page.Organizations),
                page.ResumeToken
            );
            request.PageToken = page.NextPageToken;
        } while (request.PageToken.Length > 0);
    }

    private List<Organization> Only(IEnumerable<Organization> listed)
    {
        var only = listed.Where(o => o.Name == filter.Organization || o.Id == filter.Organization).ToList();
        // Continues by id: a deleted one is found by id only, and its name may be reused.
        if (only.Count > 0)
            filter.Organization = only[0].Id;
        return only;
    }

    public AsyncServerStreamingCall<WatchOrganizationsResponse> Watch(string resumeToken, CancellationToken ct)
    {
        var request = filter.Clone();
        request.ResumeToken = resumeToken;
        return organizations.WatchOrganizations(request, cancellationToken: ct);
    }

    public (ChangeType, Organization?, string) Read(WatchOrganizationsResponse message) =>
        (message.Type, message.Organization, message.ResumeToken);

    public (string Id, ulong Version) Key(Organization resource) => (resource.Id, resource.ResourceVersion);
}
