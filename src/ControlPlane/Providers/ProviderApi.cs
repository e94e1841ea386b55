using Coder.Mesh.ControlPlane.Deployment;
using Coder.Mesh.ControlPlane.Identity;
using Coder.Mesh.ControlPlane.Refusals;
using Coder.Mesh.V1;
using Grpc.Core;
using Microsoft.AspNetCore.Authorization;

namespace Coder.Mesh.ControlPlane.Providers;

/// <summary>The gRPC edge of providers.</summary>
[Authorize(Policies.SiteAdmin)]
internal sealed class ProviderApi(ProviderCommands commands, ProviderView view, DeploymentView deployment)
    : ProviderService.ProviderServiceBase
{
    public override async Task<CreateProviderResponse> CreateProvider(
        CreateProviderRequest request,
        ServerCallContext context
    )
    {
        var ct = context.CancellationToken;
        var fields = new Fields().Name("name", request.Name);
        if (request.Details is { } details)
            fields
                .Text("details.cluster_address", details.ClusterAddress)
                .Text("details.hostname", details.Hostname, 253)
                .Text("details.region", details.Region, 63)
                .Text("details.storage_class", details.StorageClass, 253);
        fields.ThrowIfViolated();

        var created = await commands.Create(
            Caller.Of(context).Subject,
            request.Name,
            ProviderMapping.FromProto(request.Details),
            ct
        );
        var (id, token) = created.OrThrow();
        return new CreateProviderResponse { Provider = await Read(id, ct), Token = token };
    }

    public override async Task<GetProviderResponse> GetProvider(GetProviderRequest request, ServerCallContext context)
    {
        new Fields().Reference("provider", request.Provider).ThrowIfViolated();
        return new GetProviderResponse { Provider = await Read(request.Provider, context.CancellationToken) };
    }

    public override async Task<ListProvidersResponse> ListProviders(
        ListProvidersRequest request,
        ServerCallContext context
    )
    {
        new Fields().Page(request.PageSize, request.PageToken).ThrowIfViolated();
        var ct = context.CancellationToken;
        var size = Paging.Size(request.PageSize);
        var page = await view.Page(Paging.After(request.PageToken), size + 1, ct);
        var defaultId = await deployment.DefaultProviderId(ct);
        return new ListProvidersResponse
        {
            Providers = { page.Take(size).Select(p => ProviderMapping.ToProto(p, defaultId)) },
            NextPageToken = page.Count > size ? Paging.Token(page[size - 1].Provider.Name) : "",
        };
    }

    public override async Task<DeleteProviderResponse> DeleteProvider(
        DeleteProviderRequest request,
        ServerCallContext context
    )
    {
        new Fields().Reference("provider", request.Provider).ThrowIfViolated();
        var ct = context.CancellationToken;
        var provider = (await view.Find(request.Provider, ct)).OrThrow();
        (await commands.Delete(Caller.Of(context).Subject, provider.ProviderId, ct)).OrThrow();
        return new DeleteProviderResponse();
    }

    private async Task<Coder.Mesh.V1.Provider> Read(string reference, CancellationToken ct)
    {
        var overview = (await view.Overview(reference, ct)).OrThrow();
        return ProviderMapping.ToProto(overview, await deployment.DefaultProviderId(ct));
    }
}
