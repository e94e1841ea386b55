using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Identity;
using Coder.Mesh.ControlPlane.Mapping;
using Coder.Mesh.ControlPlane.Observability;
using Coder.Mesh.ControlPlane.Workspaces;
using Coder.Mesh.V1;
using Google.Protobuf;

namespace Coder.Mesh.ControlPlane.Operations;

/// <summary>Operations that change the desired state of existing workspaces: start, stop, update, delete.</summary>
internal sealed class DesiredStateOperations(
    WorkspaceCommands commands,
    WorkspaceResponseMapper answers,
    TimeProvider time
)
{
    /// <param name="Message">The request message.</param>
    private sealed record Request(
        IMessage Message,
        string Workspace,
        string Organization,
        string Owner,
        string Etag,
        string RequestId
    )
    {
        public WorkspaceReference Reference => new(Workspace, Organization, Owner);

        public Fields Check() => WorkspaceRequests.CheckReference(Workspace, Organization, Owner, Etag, RequestId);
    }

    public Task<Result<StartWorkspaceResponse>> Start(StartWorkspaceRequest r, Caller by, CancellationToken ct) =>
        Change(
                new(r, r.Workspace, r.Organization, r.Owner, r.Etag, r.RequestId),
                Desired(DesiredState.Running, r.Etag),
                by,
                ct
            )
            .Map(workspace => new StartWorkspaceResponse { Workspace = workspace });

    public Task<Result<StopWorkspaceResponse>> Stop(StopWorkspaceRequest r, Caller by, CancellationToken ct) =>
        Change(
                new(r, r.Workspace, r.Organization, r.Owner, r.Etag, r.RequestId),
                Desired(DesiredState.Stopped, r.Etag),
                by,
                ct
            )
            .Map(workspace => new StopWorkspaceResponse { Workspace = workspace });

    public Task<Result<DeleteWorkspaceResponse>> Delete(DeleteWorkspaceRequest r, Caller by, CancellationToken ct) =>
        Change(
                new(r, r.Workspace, r.Organization, r.Owner, r.Etag, r.RequestId),
                Desired(DesiredState.Deleted, r.Etag),
                by,
                ct
            )
            .Map(workspace => new DeleteWorkspaceResponse { Workspace = workspace });

    public Task<Result<RestartWorkspaceResponse>> Restart(RestartWorkspaceRequest r, Caller by, CancellationToken ct) =>
        Change(
                new(r, r.Workspace, r.Organization, r.Owner, r.Etag, r.RequestId),
                new RestartWorkspace(r.Etag, Tracing.CurrentTraceparent, time.GetUtcNow()),
                by,
                ct
            )
            .Map(workspace => new RestartWorkspaceResponse { Workspace = workspace });

    public Task<Result<UpdateWorkspaceResponse>> Update(UpdateWorkspaceRequest r, Caller by, CancellationToken ct) =>
        WorkspaceRequests
            .Check(r)
            .Then(() =>
                commands.Change(
                    Writes.By(by, r, r.RequestId),
                    new WorkspaceReference(r.Workspace, r.Organization, r.Owner),
                    new UpdateWorkspace(
                        WorkspaceRequests.Change(r),
                        WorkspaceRequests.OwnerEmail(r),
                        r.Etag,
                        Tracing.CurrentTraceparent,
                        time.GetUtcNow()
                    )
                    {
                        TakesOwnership = r.TakeOwnership,
                    },
                    ct
                )
            )
            .Map(async written => new UpdateWorkspaceResponse
            {
                Workspace = await answers.Read(written.Subject, ct),
                Unchanged = written.Unchanged,
            });

    public Task<Result<AbandonWorkspaceResponse>> Abandon(AbandonWorkspaceRequest r, Caller by, CancellationToken ct) =>
        WorkspaceRequests
            .Check(r)
            .Then(() =>
                commands.Abandon(
                    Writes.By(by, r, r.RequestId),
                    new WorkspaceReference(r.Workspace, r.Organization, r.Owner),
                    r.Reason,
                    ct
                )
            )
            .Map(async written => new AbandonWorkspaceResponse { Workspace = await answers.Read(written.Subject, ct) });

    private Task<Result<Coder.Mesh.V1.Workspace>> Change(
        Request request,
        WorkspaceCommand command,
        Caller by,
        CancellationToken ct
    ) =>
        request
            .Check()
            .Then(() =>
                commands.Change(Writes.By(by, request.Message, request.RequestId), request.Reference, command, ct)
            )
            .Map(written => answers.Read(written.Subject, ct));

    private ChangeDesiredState Desired(DesiredState desired, string etag) =>
        new(desired, etag, Tracing.CurrentTraceparent, time.GetUtcNow());
}
