using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Storage;
using Marten;

namespace Coder.Mesh.ControlPlane.Organizations;

/// <summary>Commands of admins on organizations: load, decide, append.</summary>
internal sealed class OrganizationCommands(
    CommandExecutor writer,
    OrganizationView view,
    ProviderView providers,
    TimeProvider time
)
{
    public Task<Result<WriteResult>> Create(WriteContext context, string name, CancellationToken ct) =>
        writer.Run(
            context,
            async token =>
            {
                var builtIn = await providers.BuiltIn(token);
                var command = new CreateOrganization(Ids.New(time), name, builtIn.ProviderId, time.GetUtcNow());
                return new UnitOfWork([], (session, _) => Task.FromResult<Outcome>(Create(session.Documents, command)))
                {
                    AlreadyExists = index =>
                        index == Indexes.OrganizationNameIndex ? OrganizationDecider.NameExists(name) : null,
                };
            },
            ct
        );

    /// <param name="organization">Name or id; empty for the only organization.</param>
    public Task<Result<WriteResult>> Allow(
        WriteContext context,
        string organization,
        string provider,
        string etag,
        CancellationToken ct
    ) =>
        Change(
            context,
            organization,
            provider,
            exclusive: false,
            etag,
            (_, _, allowed, _) => Task.FromResult<OrganizationCommand>(new AllowProvider(allowed!.ProviderId)),
            ct
        );

    /// <inheritdoc cref="Allow"/>
    public Task<Result<WriteResult>> Disallow(
        WriteContext context,
        string organization,
        string provider,
        string etag,
        CancellationToken ct
    ) =>
        Change(
            context,
            organization,
            provider,
            exclusive: true,
            etag,
            async (session, id, allowed, token) =>
                new DisallowProvider(
                    allowed!.ProviderId,
                    allowed.Name,
                    await WorkspaceCounts.OfOrganizationIn(session.Connection, id, allowed.ProviderId, token)
                ),
            ct
        );

    public Task<Result<WriteResult>> Delete(
        WriteContext context,
        string organization,
        string etag,
        CancellationToken ct
    ) =>
        Change(
            context,
            organization,
            provider: null,
            exclusive: false,
            etag,
            async (session, id, _, token) =>
            {
                var counts = await WorkspaceCounts.OfOrganizations(session.Connection, [id], token);
                return new DeleteOrganization(counts.GetValueOrDefault(id), time.GetUtcNow());
            },
            ct
        );

    private delegate Task<OrganizationCommand> Question(
        WriteSession session,
        string organizationId,
        Provider? provider,
        CancellationToken ct
    );

    /// <summary>Locks the organization, and the provider if there is one; then loads, decides and appends.</summary>
    /// <param name="exclusive">Whether the provider is also locked against placements.</param>
    private Task<Result<WriteResult>> Change(
        WriteContext context,
        string organization,
        string? provider,
        bool exclusive,
        string etag,
        Question question,
        CancellationToken ct
    ) =>
        writer.Run(
            context,
            async token =>
            {
                var found = await view.Find(organization, token);
                if (found.Error is { } missing)
                    return missing;
                var id = found.Value.OrganizationId;
                if (provider is null)
                    return new UnitOfWork(
                        [AdvisoryLock.Organization(id, exclusive: true)],
                        (session, cancel) => Once(session, id, null, etag, question, cancel)
                    );

                var named = await providers.Find(provider, token);
                if (named.Error is { } unknown)
                    return unknown;
                var providerId = named.Value.ProviderId;
                return new UnitOfWork(
                    [AdvisoryLock.Organization(id, exclusive: true), AdvisoryLock.Provider(providerId, exclusive)],
                    async (session, cancel) =>
                        await Locked(session, providerId, provider, cancel) is { } concerned
                            ? await Once(session, id, concerned, etag, question, cancel)
                            : new Outcome.Conflict()
                );
            },
            ct
        );

    /// <returns>Null if the locked provider is no longer the one that the request names.</returns>
    private static async Task<Provider?> Locked(
        WriteSession session,
        string providerId,
        string reference,
        CancellationToken ct
    )
    {
        var provider = await session.Documents.LoadAsync<Provider>(StreamKeys.Provider(providerId), ct);
        return provider!.Matches(reference) ? provider : null;
    }

    private static async Task<Outcome> Once(
        WriteSession session,
        string organizationId,
        Provider? provider,
        string etag,
        Question question,
        CancellationToken ct
    )
    {
        var key = StreamKeys.Organization(organizationId);
        var stream = await session.Documents.Events.FetchForWriting<Organization>(key, ct);
        if (stream.Aggregate!.Deleted)
            return new Outcome.Conflict();
        if (WriteFields.Stale(etag, stream.Aggregate.Version) is { } stale)
            return stale;
        var command = await question(session, organizationId, provider, ct);
        var decision = OrganizationDecider.Decide(stream.Aggregate, command);
        if (decision.Error is { } error)
            return error;
        stream.AppendMany(decision.Events);
        return new Outcome.Done(organizationId) { Unchanged = decision.Events.Count == 0 };
    }

    private static Outcome.Done Create(IDocumentSession session, CreateOrganization command)
    {
        session.Events.StartStream<Organization>(
            StreamKeys.Organization(command.OrganizationId),
            OrganizationDecider.Decide(null, command).Events
        );
        return new Outcome.Done(command.OrganizationId);
    }
}
