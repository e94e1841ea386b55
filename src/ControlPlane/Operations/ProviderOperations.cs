using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.History;
using Coder.Mesh.ControlPlane.Identity;
using Coder.Mesh.ControlPlane.Mapping;
using Coder.Mesh.ControlPlane.Organizations;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Removal;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Watches;
using Coder.Mesh.V1;
using Proto = Coder.Mesh.V1;

namespace Coder.Mesh.ControlPlane.Operations;

/// <summary>Operations on providers, for all fronts.</summary>
internal sealed class ProviderOperations(
    ProviderWrites writes,
    ProviderCommands commands,
    ProviderRemoval removal,
    ProviderView view,
    ProviderResponseMapper answers,
    ProviderHistory history,
    OrganizationView organizations,
    Subscriptions subscriptions,
    TimeProvider time
)
{
    public Task<Result<GetProviderResponse>> Get(GetProviderRequest request, CancellationToken ct) =>
        ProviderRequests
            .Check(request.Provider)
            .Then(() => view.FindEver(request.Provider, ct))
            .Map(async found => new GetProviderResponse { Provider = await answers.Read(found.ProviderId, ct) });

    public Task<Result<ListProvidersResponse>> List(ListProvidersRequest request, CancellationToken ct) =>
        ProviderRequests
            .Check(request)
            .Then(() => AllowedProviders(request.Organization, ct))
            .Map(async allowed =>
            {
                var filter = new ProviderFilter(
                    allowed,
                    request.Region,
                    ProviderMapping.FromProto(request.Statuses.Append(request.Status)),
                    request.HasCordoned ? request.Cordoned : null,
                    request.IncludeDeleted
                );
                // Read before the list, so that a watch from there reports what changes meanwhile.
                var now = await subscriptions.Now(ct);
                var (page, next) = await PageBytes.Fill(
                    Paging.Size(request.PageSize),
                    request.PageToken,
                    (after, count) => view.Page(filter, ProviderPosition.Parse(after), count, ct),
                    rows => answers.Map(rows, ProviderResponseMapper.MaxNamedInLists, ct),
                    row => new ProviderPosition(row.Provider.Name, row.Provider.ProviderId).ToText()
                );
                return new ListProvidersResponse
                {
                    Providers = { page },
                    NextPageToken = next,
                    ResumeToken = now,
                };
            });

    /// <summary>Subscribes to changes of providers. The sequence does not end.</summary>
    public Task<Result<IAsyncEnumerable<ResourceChange>>> Watch(WatchProvidersRequest request, CancellationToken ct) =>
        ProviderRequests
            .Check(request)
            .Then(() => OneOrAny(request.Provider, ct))
            .Map(one =>
                subscriptions.Subscribe(
                    request.ResumeToken,
                    new ProviderChanges(
                        new ProviderFilter(
                            one,
                            request.Region,
                            ProviderMapping.FromProto(request.Statuses.Append(request.Status)),
                            request.HasCordoned ? request.Cordoned : null,
                            request.IncludeDeleted
                        )
                    )
                )
            );

    public Task<Result<UpdateProviderResponse>> Update(
        UpdateProviderRequest request,
        Caller by,
        CancellationToken ct
    ) =>
        ProviderRequests
            .Check(request.Provider, request.Etag, request.RequestId)
            .Details(request.Details)
            .Mask(request.UpdateMask)
            .Then(() =>
                writes.Change(
                    Writes.By(by, request, request.RequestId),
                    request.Provider,
                    request.Etag,
                    new ChangeDetails(ProviderRequests.Change(request)),
                    ct
                )
            )
            .Map(written => Now(written, ct))
            .Map(now => new UpdateProviderResponse { Provider = now.Provider, Unchanged = now.Unchanged });

    public Task<Result<RenameProviderResponse>> Rename(
        RenameProviderRequest request,
        Caller by,
        CancellationToken ct
    ) =>
        ProviderRequests
            .Check(request.Provider, request.Etag, request.RequestId)
            .Name("new_name", request.NewName)
            .Then(() =>
                commands.Rename(
                    Writes.By(by, request, request.RequestId),
                    request.Provider,
                    request.NewName,
                    request.Etag,
                    ct
                )
            )
            .Map(written => Now(written, ct))
            .Map(now => new RenameProviderResponse { Provider = now.Provider, Unchanged = now.Unchanged });

    public Task<Result<CordonProviderResponse>> Cordon(
        CordonProviderRequest request,
        Caller by,
        CancellationToken ct
    ) =>
        ProviderRequests
            .Check(request.Provider, request.Etag, request.RequestId)
            .Reason(request.Reason, required: true)
            .Then(() =>
                writes.Change(
                    Writes.By(by, request, request.RequestId),
                    request.Provider,
                    request.Etag,
                    new CordonProvider(request.Reason, by.Subject, time.GetUtcNow()),
                    ct
                )
            )
            .Map(written => Now(written, ct))
            .Map(now => new CordonProviderResponse
            {
                Provider = now.Provider,
                Warning = now.Provider.IsDefault
                    ? $"\"{now.Provider.Name}\" is the default provider: workspaces that name no provider are refused now."
                    : "",
                Unchanged = now.Unchanged,
            });

    public Task<Result<UncordonProviderResponse>> Uncordon(
        UncordonProviderRequest request,
        Caller by,
        CancellationToken ct
    ) =>
        ProviderRequests
            .Check(request.Provider, request.Etag, request.RequestId)
            .Then(() =>
                writes.Change(
                    Writes.By(by, request, request.RequestId),
                    request.Provider,
                    request.Etag,
                    new UncordonProvider(),
                    ct
                )
            )
            .Map(written => Now(written, ct))
            .Map(now => new UncordonProviderResponse { Provider = now.Provider, Unchanged = now.Unchanged });

    public Task<Result<SetDefaultProviderResponse>> SetDefault(
        SetDefaultProviderRequest request,
        Caller by,
        CancellationToken ct
    ) =>
        ProviderRequests
            .Check(request.Provider, requestId: request.RequestId)
            .Then(() => commands.SetDefault(Writes.By(by, request, request.RequestId), request.Provider, ct))
            .Map(written => Now(written, ct))
            .Map(now => new SetDefaultProviderResponse { Provider = now.Provider, Unchanged = now.Unchanged });

    public Task<Result<DeleteProviderResponse>> Delete(
        DeleteProviderRequest request,
        Caller by,
        CancellationToken ct
    ) =>
        ProviderRequests
            .Check(request.Provider, request.Etag, request.RequestId)
            .Then(() => removal.Delete(Writes.By(by, request, request.RequestId), request.Provider, request.Etag, ct))
            .Map(_ => new DeleteProviderResponse());

    public Task<Result<ForgetProviderResponse>> Forget(
        ForgetProviderRequest request,
        Caller by,
        CancellationToken ct
    ) =>
        ProviderRequests
            .Check(request.Provider, requestId: request.RequestId)
            .Name("confirm_name", request.ConfirmName)
            .Reason(request.Reason, required: false)
            .Then(() =>
                removal.Forget(
                    Writes.By(by, request, request.RequestId),
                    request.Provider,
                    request.ConfirmName,
                    request.Force,
                    request.Reason,
                    ct
                )
            )
            .Map(written => ForgetProviderResponse.Parser.ParseFrom(written.Response));

    public Task<Result<AcceptClusterResponse>> AcceptCluster(
        AcceptClusterRequest request,
        Caller by,
        CancellationToken ct
    )
    {
        var fields = ProviderRequests
            .Check(request.Provider, requestId: request.RequestId)
            .Text("namespace_uid", request.NamespaceUid, 253);
        if (request.NamespaceUid.Length == 0)
            fields.Violated("namespace_uid", "is required");
        return fields
            .Then(() =>
                commands.AcceptCluster(
                    Writes.By(by, request, request.RequestId),
                    request.Provider,
                    request.NamespaceUid,
                    ct
                )
            )
            .Map(async written =>
            {
                var response = AcceptClusterResponse.Parser.ParseFrom(written.Response);
                response.Provider = await answers.Read(written.Subject, ct);
                return response;
            });
    }

    public Task<Result<ListHistoryResponse>> History(ListHistoryRequest request, CancellationToken ct)
    {
        var fields = ProviderRequests.Check(request.Provider).Page(request.PageSize, request.PageToken);
        var from = request.PageToken.Length > 0 ? HistoryPosition.Parse(request.PageToken) : null;
        if (fields.Error is null && from is null && request.PageToken.Length > 0)
            fields.Violated("page_token", "must be a next_page_token of an earlier answer");
        return fields
            .Then(() => view.Overview(request.Provider, ct))
            .Map(async overview =>
            {
                var (lines, next) = await history.Page(overview, from, Paging.Size(request.PageSize), ct);
                return new ListHistoryResponse { Entries = { lines }, NextPageToken = next?.ToToken() ?? "" };
            });
    }

    /// <summary>Reads the provider after a change, and returns also whether the change had nothing to do.</summary>
    private async Task<(Proto.Provider Provider, bool Unchanged)> Now(WriteResult written, CancellationToken ct) =>
        (await answers.Read(written.Subject, ct), written.Unchanged);

    /// <returns>Ids; null for any provider.</returns>
    private Task<Result<IReadOnlyCollection<string>?>> AllowedProviders(string organization, CancellationToken ct) =>
        ResultSteps.When<IReadOnlyCollection<string>?>(
            organization.Length > 0,
            () => organizations.Find(organization, ct).Map(IReadOnlyCollection<string>? (o) => o.AllowedProviders),
            otherwise: null
        );

    // Also finds deleted providers: a resumed watch still has to report their deletion.
    private Task<Result<IReadOnlyCollection<string>?>> OneOrAny(string provider, CancellationToken ct) =>
        ResultSteps.When<IReadOnlyCollection<string>?>(
            provider.Length > 0,
            () => view.FindEver(provider, ct).Map(IReadOnlyCollection<string>? (p) => [p.ProviderId]),
            otherwise: null
        );
}
