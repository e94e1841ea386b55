using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Deployment;
using Coder.Mesh.ControlPlane.Organizations;
using Coder.Mesh.ControlPlane.Orphans;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Workspaces;
using Coder.Mesh.Protocol;
using Marten;
using ForgetProviderResponse = Coder.Mesh.V1.ForgetProviderResponse;

namespace Coder.Mesh.ControlPlane.Removal;

/// <summary>
/// Deletes and forgets providers. Locks the organizations that may use the provider, then the provider itself, so that
/// meanwhile nothing is placed into it, no allowlist is changed for it, and no organization loses its other provider.
/// </summary>
internal sealed class ProviderRemoval(
    CommandExecutor writer,
    ProviderView view,
    StoreSessions sessions,
    IAgentNotifier agents,
    TimeProvider time
)
{
    public Task<Result<WriteResult>> Delete(
        WriteContext context,
        string reference,
        string etag,
        CancellationToken ct
    ) =>
        Run(
            context,
            reference,
            etag,
            (holdings, _) => new DeleteProvider(holdings, time.GetUtcNow()),
            (_, _, _) => Task.FromResult<Google.Protobuf.IMessage?>(null),
            ct
        );

    /// <summary>Removes a provider whose cluster is gone. Its workspaces end as Lost in the same transaction.</summary>
    public Task<Result<WriteResult>> Forget(
        WriteContext context,
        string reference,
        string confirmation,
        bool forced,
        string reason,
        CancellationToken ct
    )
    {
        var at = time.GetUtcNow();
        return Run(
            context,
            reference,
            etag: "",
            (holdings, status) => new ForgetProvider(holdings, status, confirmation, forced, reason, at),
            async (session, presence, token) =>
                new ForgetProviderResponse
                {
                    LostWorkspaces = await WorkspaceLoss.EndAll(session, presence.ProviderId, reason, at, token),
                    CleanupCommand = Cleanup(presence),
                },
            ct
        );
    }

    /// <summary>An additional step of a removal, after its decision.</summary>
    private delegate Task<Google.Protobuf.IMessage?> Also(
        WriteSession session,
        ProviderPresence presence,
        CancellationToken ct
    );

    private Task<Result<WriteResult>> Run(
        WriteContext context,
        string reference,
        string etag,
        Func<ProviderHoldings, ProviderStatus, ProviderCommand> command,
        Also also,
        CancellationToken ct
    ) =>
        writer.Run(
            context,
            async token =>
            {
                var found = await view.Find(reference, token);
                if (found.Error is { } error)
                    return error;
                var id = found.Value.ProviderId;
                await using var reading = sessions.Read();
                var expected = await Allowing(reading, id, token);
                return new UnitOfWork(
                    [
                        .. expected.Select(o => AdvisoryLock.Organization(o.OrganizationId, exclusive: true)),
                        AdvisoryLock.Provider(id, exclusive: true),
                    ],
                    async (session, cancel) =>
                    {
                        var allowing = await Allowing(session.Documents, id, cancel);
                        // An organization was allowed to use it before the locks were taken, and has to be locked too.
                        return allowing.ExceptBy(expected.Select(o => o.Id), o => o.Id).Any()
                            ? new Outcome.Conflict()
                            : await Remove(session, reference, id, etag, allowing, command, also, cancel);
                    }
                );
            },
            ct
        );

    private async Task<Outcome> Remove(
        WriteSession session,
        string reference,
        string providerId,
        string etag,
        IReadOnlyList<Organization> allowing,
        Func<ProviderHoldings, ProviderStatus, ProviderCommand> command,
        Also also,
        CancellationToken ct
    )
    {
        var events = session.Documents.Events;
        var provider = await events.FetchForWriting<Provider>(StreamKeys.Provider(providerId), ct);
        if (!provider.Aggregate!.Matches(reference))
            return new Outcome.Conflict();
        if (WriteFields.Stale(etag, provider.Aggregate.Version) is { } stale)
            return stale;
        var presence = await events.FetchForWriting<ProviderPresence>(StreamKeys.Presence(providerId), ct);
        var holdings = await Holdings(session, providerId, allowing, ct);
        var decision = ProviderDecider.Decide(provider.Aggregate, command(holdings, presence.Aggregate!.Status));
        if (decision.Error is { } error)
            return error;

        var response = await also(session, presence.Aggregate, ct);
        // The records of its tokens stay, so that an agent that returns is told why it is refused.
        provider.AppendMany(decision.Events);
        presence.AppendOne(new PresenceEnded(time.GetUtcNow()));
        OrphanStore.Clear(session.Documents, providerId);
        FailedSessions.Clear(session.Documents, providerId);
        foreach (var organization in allowing)
        {
            var list = await events.FetchForWriting<Organization>(organization.Id, ct);
            list.AppendOne(new ProviderDisallowed(providerId));
        }

        return new Outcome.Done(providerId, response) { Committed = () => agents.ProviderDeleted(providerId) };
    }

    private static async Task<ProviderHoldings> Holdings(
        WriteSession session,
        string providerId,
        IReadOnlyList<Organization> allowing,
        CancellationToken ct
    )
    {
        var deployment = await session.Documents.LoadAsync<MeshDeployment>(StreamKeys.Deployment, ct);
        var counts = await WorkspaceCounts.OfProviders(session.Connection, [providerId], ct);
        return new ProviderHoldings(
            deployment!.DefaultProviderId == providerId,
            counts.GetValueOrDefault(providerId),
            [.. allowing.Where(o => o.AllowedProviders.Length == 1).Select(o => o.Name)]
        );
    }

    private static async Task<IReadOnlyList<Organization>> Allowing(
        IQuerySession session,
        string providerId,
        CancellationToken ct
    ) =>
        await session
            .Query<Organization>()
            .Where(o => !o.Deleted && o.AllowedProviders.Contains(providerId))
            .ToListAsync(ct);

    private static string Cleanup(ProviderPresence presence) =>
        presence.BoundNamespace() is { Length: > 0 } ns ? WorkspaceKinds.CleanupCommand(ns, presence.ProviderId) : "";
}
