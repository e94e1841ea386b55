using System.Collections.Concurrent;
using System.Threading.Channels;
using Coder.Mesh.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Coder.Mesh.Cli.Tests.Support;

public sealed class FakeWorkspaces : WorkspaceService.WorkspaceServiceBase
{
    private readonly ConcurrentQueue<(string? Name, Action<Workspace> Apply)> _steps = [];

    // One for each time that a timeline was read to its end.
    private readonly Channel<bool> _timelineRead = Channel.CreateUnbounded<bool>();

    public List<Workspace> All { get; } = [];

    public ConcurrentQueue<CreateWorkspaceRequest> Created { get; } = [];

    public ConcurrentQueue<UpdateWorkspaceRequest> Updated { get; } = [];

    public ConcurrentQueue<AbandonWorkspaceRequest> Abandoned { get; } = [];

    /// <summary>Has the next watch report one more change: of the named workspace, or of the last one.</summary>
    public void Step(Action<Workspace> apply, string? name = null) => _steps.Enqueue((name, apply));

    /// <summary>The timeline of every workspace here; null for a control plane without timelines.</summary>
    public List<TimelineItem>? Timeline { get; set; }

    /// <summary>Set once a watch is open.</summary>
    public TaskCompletionSource Awaited { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Called with each workspace that was asked to be otherwise, before it is answered.</summary>
    public Action<Workspace>? Changed { get; set; }

    /// <summary>The workspace that is deleted as soon as its deletion was answered.</summary>
    public string? EndsAtOnce { get; set; }

    public Changes<WatchWorkspacesResponse> Changes { get; } = new();

    public override async Task WatchWorkspaces(
        WatchWorkspacesRequest request,
        IServerStreamWriter<WatchWorkspacesResponse> responseStream,
        ServerCallContext context
    )
    {
        Awaited.TrySetResult();
        while (_steps.TryDequeue(out var step))
        {
            var workspace = step.Name is null ? All[^1] : All.Single(w => w.Name == step.Name);
            // A timeline that is read later would have the entries of this step already.
            if (Timeline is not null && workspace.DesiredState == WorkspaceDesiredState.Running)
                await _timelineRead.Reader.ReadAsync(context.CancellationToken);
            step.Apply(workspace);
            workspace.ResourceVersion++;
            workspace.Etag += "x";
            await responseStream.WriteAsync(Change(workspace), context.CancellationToken);
        }

        await Changes.Serve(request, responseStream, context.CancellationToken);
    }

    private static WatchWorkspacesResponse Change(Workspace workspace) =>
        new()
        {
            Type = workspace.State == WorkspaceState.Deleted ? ChangeType.Removed : ChangeType.Changed,
            Workspace = workspace.Clone(),
            ResumeToken = $"after {workspace.ResourceVersion}",
        };

    public override Task<CreateWorkspaceResponse> CreateWorkspace(
        CreateWorkspaceRequest request,
        ServerCallContext context
    )
    {
        Created.Enqueue(request);
        var workspace = Sample.Workspace(request.Name, WorkspaceState.Pending);
        workspace.Spec = request.Spec;
        workspace.ObservedGeneration = 0;
        Changed?.Invoke(workspace);
        All.Add(workspace);
        return Task.FromResult(new CreateWorkspaceResponse { Workspace = workspace });
    }

    public override Task<GetWorkspaceResponse> GetWorkspace(GetWorkspaceRequest request, ServerCallContext context)
    {
        var workspace = Find(request.Workspace, request.Organization, request.Owner);
        return Task.FromResult(new GetWorkspaceResponse { Workspace = workspace.Clone() });
    }

    public override Task<ListTimelineResponse> ListTimeline(ListTimelineRequest request, ServerCallContext context)
    {
        Find(request.Workspace, request.Organization, request.Owner);
        if (Timeline is null)
            throw new RpcException(new Status(StatusCode.Unimplemented, ""));
        var since = Timeline.Where(i => i.Generation >= request.MinGeneration).ToList();
        var (items, next) = Page.Of(since, request.PageToken, 2);
        if (next.Length == 0)
            _timelineRead.Writer.TryWrite(true);
        return Task.FromResult(new ListTimelineResponse { Items = { items }, NextPageToken = next });
    }

    public override Task<ListWorkspacesResponse> ListWorkspaces(
        ListWorkspacesRequest request,
        ServerCallContext context
    )
    {
        var matching = All.Where(w =>
                (request.Provider is "" || w.Provider == request.Provider || w.ProviderId == request.Provider)
                && (request.Owner.Length == 0 || w.Owner == request.Owner)
                && (request.State is 0 || w.State == request.State)
                && (request.States.Count == 0 || request.States.Contains(w.State))
                && (request.IncludeEnded || w.Name != EndsAtOnce || w.State != WorkspaceState.Deleted)
            )
            .ToList();
        var (items, next) = Page.Of(matching, request.PageToken, Math.Min(1000, request.PageSize));
        return Task.FromResult(
            new ListWorkspacesResponse
            {
                Workspaces = { items },
                NextPageToken = next,
                ResumeToken = "listed",
            }
        );
    }

    public override Task<StartWorkspaceResponse> StartWorkspace(
        StartWorkspaceRequest request,
        ServerCallContext context
    ) =>
        Task.FromResult(
            new StartWorkspaceResponse
            {
                Workspace = Change(
                    request.Workspace,
                    request.Organization,
                    request.Owner,
                    WorkspaceDesiredState.Running
                ),
            }
        );

    public override Task<RestartWorkspaceResponse> RestartWorkspace(
        RestartWorkspaceRequest request,
        ServerCallContext context
    ) =>
        Task.FromResult(
            new RestartWorkspaceResponse
            {
                Workspace = Change(
                    request.Workspace,
                    request.Organization,
                    request.Owner,
                    WorkspaceDesiredState.Running
                ),
            }
        );

    public override Task<UpdateWorkspaceResponse> UpdateWorkspace(
        UpdateWorkspaceRequest request,
        ServerCallContext context
    )
    {
        Updated.Enqueue(request);
        var workspace = Find(request.Workspace, request.Organization, request.Owner);
        workspace.Generation++;
        Changed?.Invoke(workspace);
        return Task.FromResult(new UpdateWorkspaceResponse { Workspace = workspace });
    }

    public override Task<StopWorkspaceResponse> StopWorkspace(
        StopWorkspaceRequest request,
        ServerCallContext context
    ) =>
        Task.FromResult(
            new StopWorkspaceResponse
            {
                Workspace = Change(
                    request.Workspace,
                    request.Organization,
                    request.Owner,
                    WorkspaceDesiredState.Stopped
                ),
            }
        );

    public override Task<DeleteWorkspaceResponse> DeleteWorkspace(
        DeleteWorkspaceRequest request,
        ServerCallContext context
    )
    {
        var workspace = Change(request.Workspace, request.Organization, request.Owner, WorkspaceDesiredState.Deleted);
        workspace.State = WorkspaceState.Deleting;
        var answer = new DeleteWorkspaceResponse { Workspace = workspace.Clone() };
        if (EndsAtOnce == workspace.Name)
            (workspace.State, workspace.ResourceVersion) = (WorkspaceState.Deleted, workspace.ResourceVersion + 1);
        return Task.FromResult(answer);
    }

    public override Task<AbandonWorkspaceResponse> AbandonWorkspace(
        AbandonWorkspaceRequest request,
        ServerCallContext context
    )
    {
        Abandoned.Enqueue(request);
        var workspace = Find(request.Workspace, request.Organization, request.Owner);
        if (workspace.State == WorkspaceState.Running)
            throw FakeControlPlane.Rich(
                StatusCode.FailedPrecondition,
                $"Workspace \"{workspace.Name}\" can still be deleted normally: its provider is Ready, and no deletion of it has been "
                    + $"pending for 5 minutes. Run \"mesh workspaces rm {workspace.Name}\".",
                "WORKSPACE_NOT_STUCK"
            );
        workspace.State = WorkspaceState.Lost;
        return Task.FromResult(new AbandonWorkspaceResponse { Workspace = workspace });
    }

    private Workspace Change(string nameOrId, string organization, string owner, WorkspaceDesiredState desired)
    {
        var workspace = Find(nameOrId, organization, owner);
        workspace.DesiredState = desired;
        workspace.Generation++;
        workspace.StateTime = Timestamp.FromDateTimeOffset(DateTimeOffset.UtcNow);
        Changed?.Invoke(workspace);
        return workspace;
    }

    private Workspace Find(string nameOrId, string organization, string owner) =>
        All.Find(w =>
            w.Id == nameOrId
            || (
                w.Name == nameOrId
                && (organization.Length == 0 || w.Organization == organization)
                && (owner.Length == 0 || w.Owner == owner)
            )
        )
        ?? throw FakeControlPlane.Rich(
            StatusCode.NotFound,
            $"There is no workspace \"{nameOrId}\" of yours; \"mesh workspaces ls\" lists them.",
            "WORKSPACE_NOT_FOUND"
        );
}
