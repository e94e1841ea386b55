using Coder.Mesh.ControlPlane.Deployment;
using Coder.Mesh.ControlPlane.Identity;
using Coder.Mesh.ControlPlane.Observability;
using Coder.Mesh.ControlPlane.Organizations;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Refusals;
using Coder.Mesh.Protocol;
using Coder.Mesh.V1;
using Grpc.Core;
using Microsoft.AspNetCore.Authorization;

namespace Coder.Mesh.ControlPlane.Workspaces;

/// <summary>The gRPC edge of workspaces.</summary>
[Authorize(Policies.SiteAdmin)]
internal sealed class WorkspaceApi(
    WorkspaceCommands commands,
    WorkspaceView view,
    OrganizationView organizations,
    ProviderView providers,
    DeploymentView deployment,
    TimeProvider time
) : WorkspaceService.WorkspaceServiceBase
{
    public override async Task<CreateWorkspaceResponse> CreateWorkspace(
        CreateWorkspaceRequest request,
        ServerCallContext context
    )
    {
        WorkspaceRequests.Check(request).ThrowIfViolated();
        var ct = context.CancellationToken;
        var organization = (await organizations.Find(request.Organization, ct)).OrThrow();
        var reference = request.Provider.Length > 0 ? request.Provider : await deployment.DefaultProviderId(ct);
        var target = (await providers.Overview(reference, ct)).OrThrow();
        if (Placement.Decide(organization, target.Provider, target.Presence) is { } refusal)
            throw refusal.ToRpcException();

        var owner = Caller.Of(context).Subject;
        var command = new CreateWorkspace(
            Ids.New(time),
            organization.OrganizationId,
            owner,
            request.Name,
            target.Provider.ProviderId,
            WorkspaceMapping.FromProto(request.Spec),
            target.Provider.Details.StorageClass,
            Tracing.CurrentTraceparent,
            time.GetUtcNow()
        );
        var workspace = (await commands.Create(owner, command, ct)).OrThrow();
        return new CreateWorkspaceResponse
        {
            Workspace = WorkspaceMapping.ToProto(workspace, organization.Name, target.Provider.Name),
        };
    }

    public override async Task<GetWorkspaceResponse> GetWorkspace(
        GetWorkspaceRequest request,
        ServerCallContext context
    )
    {
        var workspace = await Find(request.Workspace, request.Organization, context);
        return new GetWorkspaceResponse { Workspace = await Map(workspace, context.CancellationToken) };
    }

    public override async Task<ListWorkspacesResponse> ListWorkspaces(
        ListWorkspacesRequest request,
        ServerCallContext context
    )
    {
        new Fields()
            .Text("organization", request.Organization, 253)
            .Text("provider", request.Provider, 253)
            .Page(request.PageSize, request.PageToken)
            .ThrowIfViolated();
        var ct = context.CancellationToken;
        var organizationId =
            request.Organization.Length > 0
                ? (await organizations.Find(request.Organization, ct)).OrThrow().OrganizationId
                : null;
        var providerId =
            request.Provider.Length > 0 ? (await providers.Find(request.Provider, ct)).OrThrow().ProviderId : null;
        var size = Paging.Size(request.PageSize);
        var page = await view.Page(organizationId, providerId, Paging.After(request.PageToken), size + 1, ct);
        return new ListWorkspacesResponse
        {
            Workspaces = { await Map([.. page.Take(size)], ct) },
            NextPageToken = page.Count > size ? Paging.Token(page[size - 1].WorkspaceId) : "",
        };
    }

    public override async Task<StartWorkspaceResponse> StartWorkspace(
        StartWorkspaceRequest request,
        ServerCallContext context
    ) => new() { Workspace = await Wish(request.Workspace, request.Organization, DesiredState.Running, context) };

    public override async Task<StopWorkspaceResponse> StopWorkspace(
        StopWorkspaceRequest request,
        ServerCallContext context
    ) => new() { Workspace = await Wish(request.Workspace, request.Organization, DesiredState.Stopped, context) };

    public override async Task<DeleteWorkspaceResponse> DeleteWorkspace(
        DeleteWorkspaceRequest request,
        ServerCallContext context
    ) => new() { Workspace = await Wish(request.Workspace, request.Organization, DesiredState.Deleted, context) };

    private async Task<Coder.Mesh.V1.Workspace> Wish(
        string reference,
        string organization,
        DesiredState desired,
        ServerCallContext context
    )
    {
        var ct = context.CancellationToken;
        var workspace = await Find(reference, organization, context);
        var wish = new WishWorkspace(desired, Tracing.CurrentTraceparent, time.GetUtcNow());
        var wished = await commands.Wish(Caller.Of(context).Subject, workspace.WorkspaceId, wish, ct);
        return await Map(wished.OrThrow(), ct);
    }

    private async Task<Workspace> Find(string reference, string organization, ServerCallContext context)
    {
        new Fields().Reference("workspace", reference).Text("organization", organization, 253).ThrowIfViolated();
        var ct = context.CancellationToken;
        var workspace = Ids.LooksLikeId(reference)
            ? await view.Find(reference, ct)
            : await FindNamed(reference, organization, context);
        return workspace
            ?? throw Refusal
                .NotFound(
                    ErrorReasons.WorkspaceNotFound,
                    $"There is no workspace \"{reference}\" of yours; \"mesh workspaces ls\" lists them."
                )
                .ToRpcException();
    }

    private async Task<Workspace?> FindNamed(string name, string organization, ServerCallContext context)
    {
        var ct = context.CancellationToken;
        var organizationId =
            organization.Length > 0 ? (await organizations.Find(organization, ct)).OrThrow().OrganizationId : null;
        var named = await view.Named(name, Caller.Of(context).Subject, organizationId, ct);
        if (named.Count > 1)
            throw Refusal
                .Precondition(
                    ErrorReasons.WorkspaceAmbiguous,
                    $"You have a workspace \"{name}\" in more than one organization; name the organization."
                )
                .ToRpcException();
        return named.Count == 1 ? named[0] : null;
    }

    private async Task<Coder.Mesh.V1.Workspace> Map(Workspace workspace, CancellationToken ct) =>
        (await Map([workspace], ct))[0];

    private async Task<List<Coder.Mesh.V1.Workspace>> Map(IReadOnlyList<Workspace> workspaces, CancellationToken ct)
    {
        var names = await organizations.Names(workspaces.Select(w => w.OrganizationId), ct);
        var providerNames = await providers.Names(workspaces.Select(w => w.ProviderId), ct);
        return
        [
            .. workspaces.Select(w =>
                WorkspaceMapping.ToProto(
                    w,
                    names.GetValueOrDefault(w.OrganizationId, w.OrganizationId),
                    providerNames.GetValueOrDefault(w.ProviderId, w.ProviderId)
                )
            ),
        ];
    }
}
