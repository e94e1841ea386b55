using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.History;
using Coder.Mesh.ControlPlane.Identity;
using Coder.Mesh.ControlPlane.Mapping;
using Coder.Mesh.ControlPlane.Observability;
using Coder.Mesh.ControlPlane.Organizations;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Watches;
using Coder.Mesh.ControlPlane.Workspaces;
using Coder.Mesh.V1;

namespace Coder.Mesh.ControlPlane.Operations;

/// <summary>Operations on workspaces, for all fronts.</summary>
internal sealed class WorkspaceOperations(
    WorkspacePlacement placement,
    WorkspaceView view,
    WorkspaceTimeline story,
    OrganizationView organizations,
    ProviderView providers,
    WorkspaceResponseMapper answers,
    Subscriptions subscriptions
)
{
    public Task<Result<CreateWorkspaceResponse>> Create(CreateWorkspaceRequest request, Caller by, CancellationToken ct)
    {
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
        return WorkspaceRequests
            .Check(request)
            .Then(() => placement.Place(Writes.By(by, request, request.RequestId), wanted, ct))
            .Map(async done => new CreateWorkspaceResponse
            {
                Workspace = done.Placed is var (workspace, organization, provider)
                    ? WorkspaceMapping.ToProto(workspace, organization, provider)
                    : await answers.Read(done.WriteResult.Subject, ct),
            });
    }

    public Task<Result<GetWorkspaceResponse>> Get(GetWorkspaceRequest request, Caller by, CancellationToken ct) =>
        WorkspaceRequests
            .CheckReference(request.Workspace, request.Organization, request.Owner)
            .Then(() =>
                view.Find(
                    new WorkspaceReference(request.Workspace, request.Organization, request.Owner),
                    by.Subject,
                    ct
                )
            )
            .Map(async workspace => new GetWorkspaceResponse { Workspace = (await answers.Map([workspace], ct))[0] });

    public Task<Result<ListWorkspacesResponse>> List(ListWorkspacesRequest request, CancellationToken ct) =>
        WorkspaceRequests
            .Check(request)
            .Then(() =>
                Filter(
                    request.Organization,
                    request.Provider,
                    request.Owner,
                    request.States.Append(request.State),
                    request.IncludeEnded,
                    ct
                )
            )
            .Map(async filter =>
            {
                // Read before the list, so that a watch from there reports what changes meanwhile.
                var now = await subscriptions.Now(ct);
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
            });

    /// <summary>Subscribes to changes of workspaces. The sequence does not end.</summary>
    public Task<Result<IAsyncEnumerable<ResourceChange>>> Watch(
        WatchWorkspacesRequest request,
        Caller by,
        CancellationToken ct
    ) =>
        WorkspaceRequests
            .Check(request)
            .Then(() =>
                Filter(
                    request.Organization,
                    request.Provider,
                    request.Owner,
                    request.States.Append(request.State),
                    request.IncludeEnded,
                    ct
                )
            )
            .Then(filter =>
                ResultSteps.When(
                    request.Workspace.Length > 0,
                    () =>
                        view.Find(new WorkspaceReference(request.Workspace, request.Organization), by.Subject, ct)
                            .Map(workspace => filter with { WorkspaceId = workspace.WorkspaceId }),
                    otherwise: filter
                )
            )
            .Map(filter => subscriptions.Subscribe(request.ResumeToken, new WorkspaceChanges(filter)));

    public Task<Result<ListTimelineResponse>> Timeline(ListTimelineRequest request, Caller by, CancellationToken ct) =>
        WorkspaceRequests
            .Check(request)
            .Then(() =>
                view.Find(
                    new WorkspaceReference(request.Workspace, request.Organization, request.Owner),
                    by.Subject,
                    ct
                )
            )
            .Map(async workspace =>
            {
                var from = request.PageToken.Length > 0 ? TimelinePosition.Parse(request.PageToken) : null;
                var size = Paging.Size(request.PageSize);
                var (items, next) = await story.Page(workspace, request.MinGeneration, from, size, ct);
                return new ListTimelineResponse { Items = { items }, NextPageToken = next?.ToToken() ?? "" };
            });

    private Task<Result<WorkspaceFilter>> Filter(
        string organization,
        string provider,
        string owner,
        IEnumerable<WorkspaceState> states,
        bool ended,
        CancellationToken ct
    ) =>
        ResultSteps
            .When<string?>(
                organization.Length > 0,
                () => organizations.FindEver(organization, ct).Map(string? (o) => o.OrganizationId),
                otherwise: null
            )
            .Then(organizationId =>
                ResultSteps
                    .When<string?>(
                        provider.Length > 0,
                        () => providers.FindEver(provider, ct).Map(string? (p) => p.ProviderId),
                        otherwise: null
                    )
                    .Map(providerId => new WorkspaceFilter(
                        organizationId,
                        providerId,
                        owner,
                        [.. states.Select(WorkspaceMapping.FromProto).OfType<ObservedState>().Distinct()],
                        ended
                    ))
            );
}
