using Coder.Mesh.ControlPlane.Edge;
using Coder.Mesh.ControlPlane.Identity;
using Coder.Mesh.ControlPlane.Operations;
using Coder.Mesh.V1;
using Grpc.Core;
using Microsoft.AspNetCore.Authorization;

namespace Coder.Mesh.ControlPlane.Api;

/// <summary>gRPC service of workspaces.</summary>
[Authorize(Policies.SiteAdmin)]
internal sealed class WorkspaceGrpcService(
    WorkspaceOperations workspaces,
    DesiredStateOperations desired,
    WatchPump watches
) : WorkspaceService.WorkspaceServiceBase
{
    public override Task<CreateWorkspaceResponse> CreateWorkspace(
        CreateWorkspaceRequest request,
        ServerCallContext context
    ) => workspaces.Create(request, context.Caller(), context.CancellationToken).OrThrow();

    public override Task<GetWorkspaceResponse> GetWorkspace(GetWorkspaceRequest request, ServerCallContext context) =>
        workspaces.Get(request, context.Caller(), context.CancellationToken).OrThrow();

    public override Task<ListWorkspacesResponse> ListWorkspaces(
        ListWorkspacesRequest request,
        ServerCallContext context
    ) => workspaces.List(request, context.CancellationToken).OrThrow();

    public override async Task WatchWorkspaces(
        WatchWorkspacesRequest request,
        IServerStreamWriter<WatchWorkspacesResponse> responseStream,
        ServerCallContext context
    ) =>
        await watches.Run(
            await workspaces.Watch(request, context.Caller(), context.CancellationToken).OrThrow(),
            change => new WatchWorkspacesResponse
            {
                Type = change.Type,
                Workspace = change.Workspace,
                ResumeToken = change.ResumeToken,
            },
            responseStream,
            context
        );

    public override Task<StartWorkspaceResponse> StartWorkspace(
        StartWorkspaceRequest request,
        ServerCallContext context
    ) => desired.Start(request, context.Caller(), context.CancellationToken).OrThrow();

    public override Task<StopWorkspaceResponse> StopWorkspace(
        StopWorkspaceRequest request,
        ServerCallContext context
    ) => desired.Stop(request, context.Caller(), context.CancellationToken).OrThrow();

    public override Task<DeleteWorkspaceResponse> DeleteWorkspace(
        DeleteWorkspaceRequest request,
        ServerCallContext context
    ) => desired.Delete(request, context.Caller(), context.CancellationToken).OrThrow();

    public override Task<AbandonWorkspaceResponse> AbandonWorkspace(
        AbandonWorkspaceRequest request,
        ServerCallContext context
    ) => desired.Abandon(request, context.Caller(), context.CancellationToken).OrThrow();

    public override Task<RestartWorkspaceResponse> RestartWorkspace(
        RestartWorkspaceRequest request,
        ServerCallContext context
    ) => desired.Restart(request, context.Caller(), context.CancellationToken).OrThrow();

    public override Task<UpdateWorkspaceResponse> UpdateWorkspace(
        UpdateWorkspaceRequest request,
        ServerCallContext context
    ) => desired.Update(request, context.Caller(), context.CancellationToken).OrThrow();

    public override Task<ListTimelineResponse> ListTimeline(ListTimelineRequest request, ServerCallContext context) =>
        workspaces.Timeline(request, context.Caller(), context.CancellationToken).OrThrow();
}
