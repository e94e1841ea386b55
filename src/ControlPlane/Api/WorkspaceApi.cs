using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Edge;
using Coder.Mesh.ControlPlane.History;
using Coder.Mesh.ControlPlane.Identity;
using Coder.Mesh.ControlPlane.Mapping;
using Coder.Mesh.ControlPlane.Observability;
using Coder.Mesh.ControlPlane.Organizations;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Watches;
using Coder.Mesh.ControlPlane.Workspaces;
using Coder.Mesh.V1;
using Grpc.Core;
using Microsoft.AspNetCore.Authorization;

namespace Coder.Mesh.ControlPlane.Api;

/// <summary>The gRPC edge of workspaces.</summary>
[Authorize(Policies.SiteAdmin)]
internal sealed class WorkspaceApi(
    WorkspacePlacement placement,
    WorkspaceCommands commands,
    WorkspaceView view,
    WorkspaceStory story,
    OrganizationView organizations,
    ProviderView providers,
    WorkspaceAnswers answers,
    WatchStream watches,
    TimeProvider time
) : WorkspaceService.WorkspaceServiceBase
{
    public override async Task<CreateWorkspaceResponse> CreateWorkspace(
        CreateWorkspaceRequest request,
        ServerCallContext context
    )
    {
        WorkspaceRequests.Check(request).ThrowIfViolated();
        var wanted = new PlaceWorkspace(
            request.Organization,
            request.Provider,
            request.Region,
            request.Name,
            WorkspaceRequests.Spec(request),
            Tracing.CurrentTraceparent,
            request.Owner,
            request.OwnerEmail
        );
        var write = context.Write(request, request.RequestId);
        var ct = context.CancellationToken;
        var (written, placed) = (await placement.Place(write, wanted, ct)).OrThrow();
        return new CreateWorkspaceResponse
        {
            Workspace = placed is var (workspace, organization, provider)
                ? WorkspaceMapping.ToProto(workspace, organization, provider)
                : await answers.Read(written.Subject, ct),
        };
    }

    public override async Task<GetWorkspaceResponse> GetWorkspace(
        GetWorkspaceRequest request,
        ServerCallContext context
    )
    {
        var reference = WorkspaceRequests.Reference(request.Workspace, request.Organization, request.Owner);
        var ct = context.CancellationToken;
        var workspace = (await view.Find(reference, context.Caller().Subject, ct)).OrThrow();
        return new GetWorkspaceResponse { Workspace = (await answers.Map([workspace], ct))[0] };
    }

    public override async Task<ListWorkspacesResponse> ListWorkspaces(
        ListWorkspacesRequest request,
        ServerCallContext context
    )
    {
        WorkspaceRequests.Check(request).ThrowIfViolated();
        var ct = context.CancellationToken;
        var states = request.States.Append(request.State);
        var filter = await Filter(request.Organization, request.Provider, request.Owner, states, ct);
        filter = filter with { Ended = request.IncludeEnded };
        // Before the list is read: what changes meanwhile is told by a watch from there.
        var now = await watches.Now(ct);
        var (page, next) = await PageBytes.Fill(
            Paging.Size(request.PageSize),
            request.PageToken,
            (after, count) => view.Page(filter, after, count, ct),
            rows => answers.Map(rows, ct),
            row => row.WorkspaceId
        );
        return new ListWorkspacesResponse
        {
            Workspaces = { page },
            NextPageToken = next,
            ResumeToken = now,
        };
    }

    public override async Task WatchWorkspaces(
        WatchWorkspacesRequest request,
        IServerStreamWriter<WatchWorkspacesResponse> responseStream,
        ServerCallContext context
    )
    {
        WorkspaceRequests.Check(request).ThrowIfViolated();
        var ct = context.CancellationToken;
        var states = request.States.Append(request.State);
        var filter = await Filter(request.Organization, request.Provider, request.Owner, states, ct);
        filter = filter with { Ended = request.IncludeEnded };
        if (request.Workspace.Length > 0)
        {
            var reference = new WorkspaceReference(request.Workspace, request.Organization);
            var workspace = (await view.Find(reference, context.Caller().Subject, ct)).OrThrow();
            filter = filter with { WorkspaceId = workspace.WorkspaceId };
        }

        await watches.Run(request.ResumeToken, new WorkspaceWatch(filter), responseStream, context);
    }

    private async Task<WorkspaceFilter> Filter(
        string organization,
        string provider,
        string owner,
        IEnumerable<WorkspaceState> states,
        CancellationToken ct
    ) =>
        new(
            organization.Length > 0 ? (await organizations.FindEver(organization, ct)).OrThrow().OrganizationId : null,
            provider.Length > 0 ? (await providers.FindEver(provider, ct)).OrThrow().ProviderId : null,
            owner,
            [.. states.Select(WorkspaceMapping.FromProto).OfType<ObservedState>().Distinct()],
            Ended: false
        );

    public override async Task<StartWorkspaceResponse> StartWorkspace(
        StartWorkspaceRequest request,
        ServerCallContext context
    ) =>
        new()
        {
            Workspace = await Wish(
                WorkspaceRequests.Reference(
                    request.Workspace,
                    request.Organization,
                    request.Owner,
                    request.Etag,
                    request.RequestId
                ),
                Wished(DesiredState.Running, request.Etag),
                context.Write(request, request.RequestId),
                context
            ),
        };

    public override async Task<StopWorkspaceResponse> StopWorkspace(
        StopWorkspaceRequest request,
        ServerCallContext context
    ) =>
        new()
        {
            Workspace = await Wish(
                WorkspaceRequests.Reference(
                    request.Workspace,
                    request.Organization,
                    request.Owner,
                    request.Etag,
                    request.RequestId
                ),
                Wished(DesiredState.Stopped, request.Etag),
                context.Write(request, request.RequestId),
                context
            ),
        };

    public override async Task<DeleteWorkspaceResponse> DeleteWorkspace(
        DeleteWorkspaceRequest request,
        ServerCallContext context
    ) =>
        new()
        {
            Workspace = await Wish(
                WorkspaceRequests.Reference(
                    request.Workspace,
                    request.Organization,
                    request.Owner,
                    request.Etag,
                    request.RequestId
                ),
                Wished(DesiredState.Deleted, request.Etag),
                context.Write(request, request.RequestId),
                context
            ),
        };

    public override async Task<AbandonWorkspaceResponse> AbandonWorkspace(
        AbandonWorkspaceRequest request,
        ServerCallContext context
    )
    {
        WorkspaceRequests.Check(request).ThrowIfViolated();
        var write = context.Write(request, request.RequestId);
        var reference = new WorkspaceReference(request.Workspace, request.Organization, request.Owner);
        var ct = context.CancellationToken;
        var written = await commands.Abandon(write, reference, request.Reason, ct);
        return new AbandonWorkspaceResponse { Workspace = await answers.Read(written.OrThrow().Subject, ct) };
    }

    public override async Task<RestartWorkspaceResponse> RestartWorkspace(
        RestartWorkspaceRequest request,
        ServerCallContext context
    ) =>
        new()
        {
            Workspace = await Wish(
                WorkspaceRequests.Reference(
                    request.Workspace,
                    request.Organization,
                    request.Owner,
                    request.Etag,
                    request.RequestId
                ),
                new RestartWorkspace(request.Etag, Tracing.CurrentTraceparent, time.GetUtcNow()),
                context.Write(request, request.RequestId),
                context
            ),
        };

    public override async Task<UpdateWorkspaceResponse> UpdateWorkspace(
        UpdateWorkspaceRequest request,
        ServerCallContext context
    )
    {
        WorkspaceRequests.Check(request).ThrowIfViolated();
        var change = WorkspaceRequests.Change(request);
        var email = WorkspaceRequests.MaskOf(request).Contains(WorkspaceRequests.OwnerEmailPath)
            ? request.OwnerEmail
            : null;
        var reference = WorkspaceRequests.Reference(
            request.Workspace,
            request.Organization,
            request.Owner,
            request.Etag,
            request.RequestId
        );
        var update = new UpdateWorkspace(change, email, request.Etag, Tracing.CurrentTraceparent, time.GetUtcNow())
        {
            TakesOwnership = request.TakeOwnership,
        };
        var write = context.Write(request, request.RequestId);
        var ct = context.CancellationToken;
        var written = await commands.Wish(write, reference, update, ct);
        return new UpdateWorkspaceResponse
        {
            Workspace = await answers.Read(written.OrThrow().Subject, ct),
            Unchanged = written.OrThrow().Unchanged,
        };
    }

    public override async Task<ListTimelineResponse> ListTimeline(
        ListTimelineRequest request,
        ServerCallContext context
    )
    {
        WorkspaceRequests.Check(request).ThrowIfViolated();
        var ct = context.CancellationToken;
        var reference = new WorkspaceReference(request.Workspace, request.Organization, request.Owner);
        var workspace = (await view.Find(reference, context.Caller().Subject, ct)).OrThrow();
        var from = request.PageToken.Length > 0 ? StoryPosition.Parse(request.PageToken) : null;
        var size = Paging.Size(request.PageSize);
        var (items, next) = await story.Page(workspace, request.MinGeneration, from, size, ct);
        return new ListTimelineResponse { Items = { items }, NextPageToken = next?.ToToken() ?? "" };
    }

    private WishWorkspace Wished(DesiredState desired, string etag) =>
        new(desired, etag, Tracing.CurrentTraceparent, time.GetUtcNow());

    private async Task<Coder.Mesh.V1.Workspace> Wish(
        WorkspaceReference reference,
        WorkspaceCommand wish,
        WriteContext write,
        ServerCallContext context
    )
    {
        var ct = context.CancellationToken;
        return await answers.Read((await commands.Wish(write, reference, wish, ct)).OrThrow().Subject, ct);
    }
}
