using System.Collections.Concurrent;
using Coder.Mesh.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Coder.Mesh.Cli.Tests.Support;

public sealed class FakeProviders : ProviderService.ProviderServiceBase
{
    public const string AgentToken = "mpt_fake-agent-token-7d793037a0760186";

    /// <summary>In order of name, as the real one lists them.</summary>
    public List<Provider> All { get; } = [];

    /// <summary>How many a page holds, whatever is asked for.</summary>
    public int PageSize { get; set; } = 1000;

    public ConcurrentQueue<CreateProviderRequest> Created { get; } = [];

    public override Task<CreateProviderResponse> CreateProvider(
        CreateProviderRequest request,
        ServerCallContext context
    )
    {
        if (All.Any(p => p.Name == request.Name))
            throw FakeControlPlane.Rich(
                StatusCode.AlreadyExists,
                $"a provider named \"{request.Name}\" exists",
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
        return Task.FromResult(new CreateProviderResponse { Provider = provider, Token = AgentToken });
    }

    public override Task<GetProviderResponse> GetProvider(GetProviderRequest request, ServerCallContext context) =>
        Task.FromResult(new GetProviderResponse { Provider = Find(request.Provider) });

    public override Task<ListProvidersResponse> ListProviders(ListProvidersRequest request, ServerCallContext context)
    {
        var (items, next) = Page.Of(All, request.PageToken, PageSize);
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
                $"provider \"{provider.Name}\" holds {provider.UnfinishedWorkspaces} workspaces",
                "PROVIDER_IN_USE"
            );
        All.Remove(provider);
        return Task.FromResult(new DeleteProviderResponse());
    }

    private Provider Find(string nameOrId) =>
        All.Find(p => p.Name == nameOrId || p.Id == nameOrId)
        ?? throw FakeControlPlane.Rich(
            StatusCode.NotFound,
            $"no provider has the name or id \"{nameOrId}\"",
            "PROVIDER_NOT_FOUND"
        );
}
