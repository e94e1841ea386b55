using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Deployment;
using Coder.Mesh.ControlPlane.Edge;
using Coder.Mesh.ControlPlane.History;
using Coder.Mesh.ControlPlane.Identity;
using Coder.Mesh.ControlPlane.Mapping;
using Coder.Mesh.ControlPlane.Organizations;
using Coder.Mesh.ControlPlane.Orphans;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Removal;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Watches;
using Coder.Mesh.V1;
using Grpc.Core;
using Microsoft.AspNetCore.Authorization;
using Provider = Coder.Mesh.ControlPlane.Providers.Provider;

namespace Coder.Mesh.ControlPlane.Api;

/// <summary>The gRPC edge of providers.</summary>
[Authorize(Policies.SiteAdmin)]
internal sealed partial class ProviderApi(
    ProviderCommands commands,
    ProviderTokens tokens,
    ProviderRemoval removal,
    ProviderView view,
    ProviderAnswers answers,
    ProviderHistory history,
    OrphanView orphans,
    OrphanCommands orphanCommands,
    WorkspaceAnswers workspaces,
    OrganizationView organizations,
    DeploymentView deployment,
    WatchStream watches
) : ProviderService.ProviderServiceBase
{
    public override async Task<CreateProviderResponse> CreateProvider(
        CreateProviderRequest request,
        ServerCallContext context
    )
    {
        new Fields().Name("name", request.Name).Details(request.Details).RequestId(request.RequestId).ThrowIfViolated();
        var write = context.Write(request, request.RequestId);
        var details = ProviderMapping.FromProto(request.Details);
        var created = (await tokens.Create(write, request.Name, details, context.CancellationToken)).OrThrow();
        return new CreateProviderResponse
        {
            Provider = await Read(created.ProviderId, context.CancellationToken),
            Token = created.Token,
            AccessUrl = (await deployment.Read(context.CancellationToken)).AccessUrl,
        };
    }

    public override async Task<GetProviderResponse> GetProvider(GetProviderRequest request, ServerCallContext context)
    {
        ProviderRequests.Check(request.Provider).ThrowIfViolated();
        var ct = context.CancellationToken;
        var found = (await view.FindEver(request.Provider, ct)).OrThrow();
        return new GetProviderResponse { Provider = await Read(found.ProviderId, ct) };
    }

    public override async Task<ListProvidersResponse> ListProviders(
        ListProvidersRequest request,
        ServerCallContext context
    )
    {
        ProviderRequests.Check(request).ThrowIfViolated();
        var ct = context.CancellationToken;
        var filter = new ProviderFilter(
            request.Organization.Length > 0
                ? (await organizations.Find(request.Organization, ct)).OrThrow().AllowedProviders
                : null,
            request.Region,
            ProviderMapping.FromProto(request.Statuses.Append(request.Status)),
            request.HasCordoned ? request.Cordoned : null,
            request.IncludeDeleted
        );
        // Before the list is read: what changes meanwhile is told by a watch from there.
        var now = await watches.Now(ct);
        var (page, next) = await PageBytes.Fill(
            Paging.Size(request.PageSize),
            request.PageToken,
            (after, count) => view.Page(filter, ProviderPosition.Parse(after), count, ct),
            rows => answers.Map(rows, ProviderAnswers.MaxNamedInLists, ct),
            row => Position(row.Provider).ToText()
        );
        return new ListProvidersResponse
        {
            Providers = { page },
            NextPageToken = next,
            ResumeToken = now,
        };
    }

    public override async Task WatchProviders(
        WatchProvidersRequest request,
        IServerStreamWriter<WatchProvidersResponse> responseStream,
        ServerCallContext context
    )
    {
        ProviderRequests.Check(request).ThrowIfViolated();
        var filter = new ProviderFilter(
            request.Provider.Length > 0
                // Deleted or not: a watch that goes on has yet to be told.
                ? [(await view.FindEver(request.Provider, context.CancellationToken)).OrThrow().ProviderId]
                : null,
            request.Region,
            ProviderMapping.FromProto(request.Statuses.Append(request.Status)),
            request.HasCordoned ? request.Cordoned : null,
            request.IncludeDeleted
        );
        await watches.Run(request.ResumeToken, new ProviderWatch(filter), responseStream, context);
    }

    public override async Task<UpdateProviderResponse> UpdateProvider(
        UpdateProviderRequest request,
        ServerCallContext context
    )
    {
        ProviderRequests
            .Check(request.Provider, request.Etag, request.RequestId)
            .Details(request.Details)
            .Mask(request.UpdateMask)
            .ThrowIfViolated();
        var write = context.Write(request, request.RequestId);
        var change = ProviderRequests.Change(request);
        var ct = context.CancellationToken;
        var written = await commands.ChangeDetails(write, request.Provider, change, request.Etag, ct);
        return new UpdateProviderResponse
        {
            Provider = await Read(written, ct),
            Unchanged = written.OrThrow().Unchanged,
        };
    }

    public override async Task<RenameProviderResponse> RenameProvider(
        RenameProviderRequest request,
        ServerCallContext context
    )
    {
        ProviderRequests
            .Check(request.Provider, request.Etag, request.RequestId)
            .Name("new_name", request.NewName)
            .ThrowIfViolated();
        var write = context.Write(request, request.RequestId);
        var ct = context.CancellationToken;
        var written = await commands.Rename(write, request.Provider, request.NewName, request.Etag, ct);
        return new RenameProviderResponse
        {
            Provider = await Read(written, ct),
            Unchanged = written.OrThrow().Unchanged,
        };
    }

    public override async Task<CordonProviderResponse> CordonProvider(
        CordonProviderRequest request,
        ServerCallContext context
    )
    {
        ProviderRequests
            .Check(request.Provider, request.Etag, request.RequestId)
            .Reason(request.Reason, required: true)
            .ThrowIfViolated();
        var write = context.Write(request, request.RequestId);
        var ct = context.CancellationToken;
        var written = await commands.Cordon(write, request.Provider, request.Reason, request.Etag, ct);
        var provider = await Read(written, ct);
        return new CordonProviderResponse
        {
            Provider = provider,
            Warning = provider.IsDefault
                ? $"\"{provider.Name}\" is the default provider: workspaces that name no provider are refused now."
                : "",
            Unchanged = written.OrThrow().Unchanged,
        };
    }

    public override async Task<UncordonProviderResponse> UncordonProvider(
        UncordonProviderRequest request,
        ServerCallContext context
    )
    {
        ProviderRequests.Check(request.Provider, request.Etag, request.RequestId).ThrowIfViolated();
        var write = context.Write(request, request.RequestId);
        var ct = context.CancellationToken;
        var written = await commands.Uncordon(write, request.Provider, request.Etag, ct);
        return new UncordonProviderResponse
        {
            Provider = await Read(written, ct),
            Unchanged = written.OrThrow().Unchanged,
        };
    }

    public override async Task<SetDefaultProviderResponse> SetDefaultProvider(
        SetDefaultProviderRequest request,
        ServerCallContext context
    )
    {
        ProviderRequests.Check(request.Provider, requestId: request.RequestId).ThrowIfViolated();
        var write = context.Write(request, request.RequestId);
        var ct = context.CancellationToken;
        var written = await commands.SetDefault(write, request.Provider, ct);
        return new SetDefaultProviderResponse
        {
            Provider = await Read(written, ct),
            Unchanged = written.OrThrow().Unchanged,
        };
    }

    public override async Task<DeleteProviderResponse> DeleteProvider(
        DeleteProviderRequest request,
        ServerCallContext context
    )
    {
        ProviderRequests.Check(request.Provider, request.Etag, request.RequestId).ThrowIfViolated();
        var write = context.Write(request, request.RequestId);
        (await removal.Delete(write, request.Provider, request.Etag, context.CancellationToken)).OrThrow();
        return new DeleteProviderResponse();
    }

    public override async Task<ForgetProviderResponse> ForgetProvider(
        ForgetProviderRequest request,
        ServerCallContext context
    )
    {
        ProviderRequests
            .Check(request.Provider, requestId: request.RequestId)
            .Name("confirm_name", request.ConfirmName)
            .Reason(request.Reason, required: false)
            .ThrowIfViolated();
        var forgotten = await removal.Forget(
            context.Write(request, request.RequestId),
            request.Provider,
            request.ConfirmName,
            request.Force,
            request.Reason,
            context.CancellationToken
        );
        return ForgetProviderResponse.Parser.ParseFrom(forgotten.OrThrow().Response);
    }

    public override async Task<AcceptClusterResponse> AcceptCluster(
        AcceptClusterRequest request,
        ServerCallContext context
    )
    {
        var fields = ProviderRequests
            .Check(request.Provider, requestId: request.RequestId)
            .Text("namespace_uid", request.NamespaceUid, 253);
        if (request.NamespaceUid.Length == 0)
            fields.Violated("namespace_uid", "is required");
        fields.ThrowIfViolated();
        var write = context.Write(request, request.RequestId);
        var ct = context.CancellationToken;
        var written = await commands.AcceptCluster(write, request.Provider, request.NamespaceUid, ct);
        var response = AcceptClusterResponse.Parser.ParseFrom(written.OrThrow().Response);
        response.Provider = await Read(written, ct);
        return response;
    }

    public override async Task<RotateTokenResponse> RotateToken(RotateTokenRequest request, ServerCallContext context)
    {
        ProviderRequests.Check(request.Provider, requestId: request.RequestId).ThrowIfViolated();
        var write = context.Write(request, request.RequestId);
        var ct = context.CancellationToken;
        var issued = (await tokens.Rotate(write, request.Provider, ct)).OrThrow();
        return new RotateTokenResponse
        {
            Provider = await Read(issued.ProviderId, ct),
            Token = issued.Token,
            TokenId = issued.TokenId,
        };
    }

    public override async Task<RevokeTokenResponse> RevokeToken(RevokeTokenRequest request, ServerCallContext context)
    {
        ProviderRequests
            .Check(request.Provider, requestId: request.RequestId)
            .Reference("token_id", request.TokenId)
            .ThrowIfViolated();
        var write = context.Write(request, request.RequestId);
        var ct = context.CancellationToken;
        var written = await tokens.Revoke(write, request.Provider, request.TokenId, ct);
        return new RevokeTokenResponse { Provider = await Read(written, ct) };
    }

    public override async Task<ListHistoryResponse> ListHistory(ListHistoryRequest request, ServerCallContext context)
    {
        var fields = ProviderRequests.Check(request.Provider).Page(request.PageSize, request.PageToken);
        fields.ThrowIfViolated();
        var from = request.PageToken.Length > 0 ? HistoryPosition.Parse(request.PageToken) : null;
        if (from is null && request.PageToken.Length > 0)
            fields.Violated("page_token", "must be a next_page_token of an earlier answer").ThrowIfViolated();
        var ct = context.CancellationToken;
        var overview = (await view.Overview(request.Provider, ct)).OrThrow();
        var (lines, next) = await history.Page(overview, from, Paging.Size(request.PageSize), ct);
        return new ListHistoryResponse { Entries = { lines }, NextPageToken = next?.ToToken() ?? "" };
    }

    private static ProviderPosition Position(Provider provider) => new(provider.Name, provider.ProviderId);

    private Task<Coder.Mesh.V1.Provider> Read(Result<Written> written, CancellationToken ct) =>
        Read(written.OrThrow().Subject, ct);

    private async Task<Coder.Mesh.V1.Provider> Read(string providerId, CancellationToken ct)
    {
        var overview = (await view.Overview(providerId, ct)).OrThrow();
        return (await answers.Map([overview], ProviderAnswers.MaxNamed, ct))[0];
    }
}
