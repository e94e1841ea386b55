using Coder.Mesh.V1;
using Grpc.Core;
using Grpc.Net.Client;

namespace Coder.Mesh.Load.Scale;

/// <summary>Calls of an administrator, each giving how many rows its answer holds.</summary>
internal sealed class ScaleCalls(GrpcChannel channel, Metadata headers)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public ProviderService.ProviderServiceClient ProviderClient { get; } = new(channel);
    public OrganizationService.OrganizationServiceClient OrganizationClient { get; } = new(channel);
    public WorkspaceService.WorkspaceServiceClient WorkspaceClient { get; } = new(channel);

    public CallOptions Options(CancellationToken ct) => new(headers, DateTime.UtcNow + Patience, ct);

    public async Task<int> Providers(ListProvidersRequest request, CancellationToken ct) =>
        (await ProviderClient.ListProvidersAsync(request, Options(ct))).Providers.Count;

    public async Task<int> Workspaces(ListWorkspacesRequest request, CancellationToken ct) =>
        (await WorkspaceClient.ListWorkspacesAsync(request, Options(ct))).Workspaces.Count;

    public async Task<int> Organizations(ListOrganizationsRequest request, CancellationToken ct) =>
        (await OrganizationClient.ListOrganizationsAsync(request, Options(ct))).Organizations.Count;

    public async Task<int> History(ListHistoryRequest request, CancellationToken ct) =>
        (await ProviderClient.ListHistoryAsync(request, Options(ct))).Entries.Count;

    public async Task<int> Provider(string name, CancellationToken ct)
    {
        await ProviderClient.GetProviderAsync(new GetProviderRequest { Provider = name }, Options(ct));
        return 1;
    }

    public async Task<int> Organization(string name, CancellationToken ct)
    {
        var request = new GetOrganizationRequest { Organization = name };
        await OrganizationClient.GetOrganizationAsync(request, Options(ct));
        return 1;
    }

    public async Task<int> Workspace(string id, CancellationToken ct)
    {
        await WorkspaceClient.GetWorkspaceAsync(new GetWorkspaceRequest { Workspace = id }, Options(ct));
        return 1;
    }

    public async Task<int> Place(string organization, string provider, CancellationToken ct)
    {
        await WorkspaceClient.CreateWorkspaceAsync(Wanted(organization, provider), Options(ct));
        return 1;
    }

    /// <summary>A placement that the rules forbid.</summary>
    public async Task<int> Refused(string organization, string provider, CancellationToken ct)
    {
        try
        {
            await WorkspaceClient.CreateWorkspaceAsync(Wanted(organization, provider), Options(ct));
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.FailedPrecondition)
        {
            return 0;
        }
        throw new LoadException(
            $"a workspace of {organization} was placed in {provider}, which should have refused it."
        );
    }

    /// <summary>Tokens of all pages but the first, in order.</summary>
    public async Task<IReadOnlyList<string>> ProviderTokens(CancellationToken ct)
    {
        var tokens = new List<string>();
        for (var token = ""; ; tokens.Add(token))
        {
            var request = new ListProvidersRequest { PageSize = 1_000, PageToken = token };
            token = (await ProviderClient.ListProvidersAsync(request, Options(ct))).NextPageToken;
            if (token.Length == 0)
                return tokens;
        }
    }

    /// <inheritdoc cref="ProviderTokens"/>
    public async Task<(IReadOnlyList<string> Tokens, IReadOnlyList<string> Ids)> WorkspaceTokens(CancellationToken ct)
    {
        var (tokens, ids) = (new List<string>(), new List<string>());
        for (var token = ""; ; tokens.Add(token))
        {
            var request = new ListWorkspacesRequest { PageSize = 1_000, PageToken = token };
            var page = await WorkspaceClient.ListWorkspacesAsync(request, Options(ct));
            ids.Add(page.Workspaces[0].Id);
            token = page.NextPageToken;
            if (token.Length == 0)
                return (tokens, ids);
        }
    }

    private static CreateWorkspaceRequest Wanted(string organization, string provider) =>
        new()
        {
            Name = $"w-{Guid.NewGuid():N}",
            Organization = organization,
            Provider = provider,
            Spec = Placements.PlacementCalls.Spec(),
        };
}
