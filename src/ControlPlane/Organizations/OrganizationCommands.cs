using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Refusals;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Workspaces;
using Coder.Mesh.ControlPlane.Writes;
using Coder.Mesh.Protocol;
using Marten;

namespace Coder.Mesh.ControlPlane.Organizations;

/// <summary>Loads, decides, appends: what admins do to organizations.</summary>
internal sealed class OrganizationCommands(
    Writer writer,
    OrganizationView view,
    ProviderView providers,
    TimeProvider time
)
{
    public Task<Result<Written>> Create(WriteContext context, string name, CancellationToken ct) =>
        writer.Run(
            context,
            async token =>
            {
                var builtIn = await providers.BuiltIn(token);
                var command = new CreateOrganization(Ids.New(time), name, builtIn.ProviderId, time.GetUtcNow());
                return new Plan([], (session, _) => Task.FromResult<Outcome>(Create(session.Documents, command)))
                {
                    Taken = index =>
                        index == MartenRegistration.OrganizationNameIndex ? OrganizationDecider.NameTaken(name) : null,
                };
            },
            ct
        );

    /// <param name="organization">Name or id; the only one there is if empty.</param>
    public Task<Result<Written>> Allow(
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
            async (session, _, allowed, token) =>
                await IsLiving(session, allowed!, token)
                    ? new AllowProvider(allowed!.ProviderId)
                    : Refusal.NotFound(
                        ErrorReasons.ProviderNotFound,
                        $"Provider \"{provider}\" has just been deleted."
                    ),
            ct
        );

    /// <inheritdoc cref="Allow"/>
    public Task<Result<Written>> Disallow(
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

    public Task<Result<Written>> Delete(WriteContext context, string organization, string etag, CancellationToken ct) =>
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

    private delegate Task<Result<OrganizationCommand>> Question(
        WriteSession session,
        string organizationId,
        Provider? provider,
        CancellationToken ct
    );

    /// <summary>Locks the organization, and the provider if one is concerned; then asks, decides and appends.</summary>
    /// <param name="exclusive">Whether the provider is locked against placements by others too.</param>
    private Task<Result<Written>> Change(
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
                if (found.Refusal is { } missing)
                    return missing;
                var id = found.Value.OrganizationId;
                List<StreamLock> locks = [StreamLock.Organization(id, exclusive: true)];
                Provider? concerned = null;
                if (provider is not null)
                {
                    var named = await providers.Find(provider, token);
                    if (named.Refusal is { } unknown)
                        return unknown;
                    concerned = named.Value;
                    locks.Add(StreamLock.Provider(concerned.ProviderId, exclusive));
                }

                return new Plan(locks, (session, cancel) => Once(session, id, concerned, etag, question, cancel));
            },
            ct
        );

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
        if (WriteFields.Stale(etag, stream.Aggregate!.Version) is { } stale)
            return stale;
        var command = await question(session, organizationId, provider, ct);
        if (command.Refusal is { } refusal)
            return refusal;
        var decision = OrganizationDecider.Decide(stream.Aggregate, command.Value);
        if (decision.Refusal is { } no)
            return no;
        stream.AppendMany(decision.Events);
        return new Outcome.Done(organizationId);
    }

    private static Outcome.Done Create(IDocumentSession session, CreateOrganization command)
    {
        session.Events.StartStream<Organization>(
            StreamKeys.Organization(command.OrganizationId),
            OrganizationDecider.Decide(null, command).Events
        );
        return new Outcome.Done(command.OrganizationId);
    }

    private static async Task<bool> IsLiving(WriteSession session, Provider provider, CancellationToken ct) =>
        await session.Documents.LoadAsync<Provider>(provider.Id, ct) is { Deleted: false };
}
