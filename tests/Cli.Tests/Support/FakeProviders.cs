using System.Collections.Concurrent;
using Coder.Mesh.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Coder.Mesh.Cli.Tests.Support;

public sealed partial class FakeProviders : ProviderService.ProviderServiceBase
{
    public string AccessUrl { get; set; } = "";

    public const string AgentToken = "mpt_fake-agent-token-7d793037a0760186";

    /// <summary>In order of name, as the real one lists them.</summary>
    public List<Provider> All { get; } = [];

    /// <summary>How many a page holds, whatever is asked for.</summary>
    public int PageSize { get; set; } = 1000;

    /// <summary>What is told as an agent's new token; nothing to a repetition once an agent has attached.</summary>
    public string Told { get; set; } = AgentToken;

    public ConcurrentQueue<CreateProviderRequest> Created { get; } = [];

    /// <summary>The last request for a list.</summary>
    public ListProvidersRequest? Listed { get; private set; }

    /// <summary>The newest first, as the real one tells it.</summary>
    public List<HistoryEntry> History { get; } = [];

    public Changes<WatchProvidersResponse> Changes { get; } = new();

    public override Task WatchProviders(
        WatchProvidersRequest request,
        IServerStreamWriter<WatchProvidersResponse> responseStream,
        ServerCallContext context
    ) => Changes.Serve(request, responseStream, context.CancellationToken);

    public override Task<CreateProviderResponse> CreateProvider(
        CreateProviderRequest request,
        ServerCallContext context
    )
    {
        if (All.Any(p => p.Name == request.Name))
            throw FakeControlPlane.Rich(
                StatusCode.AlreadyExists,
                $"There is already a provider \"{request.Name}\"; choose another name.",
                "PROVIDER_EXISTS"
            );
        Created.Enqueue(request);
        var provider = new Provider
        {
            Id = "0198c1de-0000-7000-8000-000000000009",
            Name = request.Name,
            Kind = ProviderKind.Remote,
            Status = ProviderStatus.Pending,
            Details = request.Details,
            CreateTime = Timestamp.FromDateTimeOffset(DateTimeOffset.UtcNow),
        };
        All.Add(provider);
        return Task.FromResult(
            new CreateProviderResponse
            {
                Provider = provider,
                Token = Told,
                AccessUrl = AccessUrl,
            }
        );
    }

    public override Task<GetProviderResponse> GetProvider(GetProviderRequest request, ServerCallContext context) =>
        // A copy: what is changed later doesn't change what was read.
        Task.FromResult(new GetProviderResponse { Provider = Find(request.Provider).Clone() });

    public override Task<ListProvidersResponse> ListProviders(ListProvidersRequest request, ServerCallContext context)
    {
        Listed = request;
        var matching = All.Where(p =>
                (request.Status is 0 || p.Status == request.Status)
                && (request.Statuses.Count == 0 || request.Statuses.Contains(p.Status))
                && (request.IncludeDeleted || p.DeleteTime is null)
            )
            .ToList();
        var (items, next) = Page.Of(matching, request.PageToken, PageSize);
        return Task.FromResult(new ListProvidersResponse { Providers = { items }, NextPageToken = next });
    }

    public override Task<DeleteProviderResponse> DeleteProvider(
        DeleteProviderRequest request,
        ServerCallContext context
    )
    {
        var provider = Find(request.Provider);
        if (provider.UnfinishedWorkspaces > 0)
            throw FakeControlPlane.Rich(
                StatusCode.FailedPrecondition,
                $"\"{provider.Name}\" holds {provider.UnfinishedWorkspaces} workspaces that have not ended: remove them first "
                    + $"(\"mesh workspaces ls --provider {provider.Name}\"), or, if its cluster is gone, \"mesh providers forget {provider.Name} --reason TEXT\".",
                "PROVIDER_IN_USE"
            );
        All.Remove(provider);
        return Task.FromResult(new DeleteProviderResponse());
    }

    public override Task<ListHistoryResponse> ListHistory(ListHistoryRequest request, ServerCallContext context)
    {
        Find(request.Provider);
        var (items, next) = Page.Of(History, request.PageToken, Math.Min(PageSize, request.PageSize));
        return Task.FromResult(new ListHistoryResponse { Entries = { items }, NextPageToken = next });
    }

    private Provider Find(string nameOrId) =>
        All.Find(p => p.Name == nameOrId || p.Id == nameOrId)
        ?? throw FakeControlPlane.Rich(
            StatusCode.NotFound,
            $"There is no provider \"{nameOrId}\"; \"mesh providers ls\" lists them.",
            "PROVIDER_NOT_FOUND"
        );
}
