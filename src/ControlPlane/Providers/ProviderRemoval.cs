using Coder.Mesh.ControlPlane.Deployment;
using Coder.Mesh.ControlPlane.Organizations;
using Coder.Mesh.ControlPlane.Presence;
using Coder.Mesh.ControlPlane.Refusals;
using Coder.Mesh.ControlPlane.Replicas;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Workspaces;
using Coder.Mesh.ControlPlane.Writes;
using Marten;
using ForgetProviderResponse = Coder.Mesh.V1.ForgetProviderResponse;

namespace Coder.Mesh.ControlPlane.Providers;

/// <summary>
/// Deletes and forgets providers. Locks the organizations that may use the provider, then the provider itself: meanwhile
/// nobody places into it, allows it, disallows it, or takes away an organization's other provider.
/// </summary>
internal sealed class ProviderRemoval(
    Writer writer,
    ProviderView view,
    StoreSessions sessions,
    Doorbell doorbell,
    TimeProvider time
)
{
    public Task<Result<Written>> Delete(WriteContext context, string reference, string etag, CancellationToken ct) =>
        Run(
            context,
            reference,
            (session, provider, holdings, presence, token) =>
                Remove(
                    session,
                    etag,
                    provider,
                    presence,
                    new DeleteProvider(holdings, time.GetUtcNow()),
                    _ => Task.FromResult<Google.Protobuf.IMessage?>(null),
                    token
                ),
            ct
        );

    /// <summary>Removes a provider whose cluster is gone; its workspaces end as Lost, in the same transaction.</summary>
    public Task<Result<Written>> Forget(
        WriteContext context,
        string reference,
        string confirmation,
        bool forced,
        string reason,
        CancellationToken ct
    ) =>
        Run(
            context,
            reference,
            (session, provider, holdings, presence, token) =>
                Remove(
                    session,
                    etag: "",
                    provider,
                    presence,
                    new ForgetProvider(holdings, presence.Status, confirmation, forced, reason, time.GetUtcNow()),
                    async p => new ForgetProviderResponse
                    {
                        LostWorkspaces = await WorkspaceLoss.EndAll(
                            session,
                            p.ProviderId,
                            reason,
                            time.GetUtcNow(),
                            token
                        ),
                        CleanupCommand = Cleanup(p.ProviderId, presence),
                    },
                    token
                ),
            ct
        );

    private delegate Task<Outcome> Removal(
        WriteSession session,
        string providerId,
        ProviderHoldings holdings,
        ProviderPresence presence,
        CancellationToken ct
    );

    private Task<Result<Written>> Run(WriteContext context, string reference, Removal removal, CancellationToken ct) =>
        writer.Run(
            context,
            async token =>
            {
                var found = await view.Find(reference, token);
                if (found.Refusal is { } refusal)
                    return refusal;
                var id = found.Value.ProviderId;
                await using var reading = sessions.Read();
                var expected = await Allowing(reading, id, token);
                return new Plan(
                    [
                        .. expected.Select(o => StreamLock.Organization(o.OrganizationId, exclusive: true)),
                        StreamLock.Provider(id, exclusive: true),
                    ],
                    (session, cancel) => Once(session, id, expected, removal, cancel)
                );
            },
            ct
        );

    private async Task<Outcome> Once(
        WriteSession session,
        string providerId,
        IReadOnlyList<Organization> expected,
        Removal removal,
        CancellationToken ct
    )
    {
        var documents = session.Documents;
        var allowing = await Allowing(documents, providerId, ct);
        // Somebody allowed it before our locks were held: theirs has to be locked too.
        if (allowing.Any(o => expected.All(e => e.OrganizationId != o.OrganizationId)))
            return new Outcome.Outdated();
        var deployment = await documents.LoadAsync<MeshDeployment>(StreamKeys.Deployment, ct);
        var presence = await documents.LoadAsync<ProviderPresence>(StreamKeys.Presence(providerId), ct);
        var counts = await WorkspaceCounts.OfProviders(session.Connection, [providerId], ct);
        var holdings = new ProviderHoldings(
            deployment?.DefaultProviderId == providerId,
            counts.GetValueOrDefault(providerId),
            [.. allowing.Where(o => o.AllowedProviders.Length == 1).Select(o => o.Name)]
        );
        var outcome = await removal(session, providerId, holdings, presence!, ct);
        if (outcome is not Outcome.Done done)
            return outcome;
        foreach (var organization in allowing)
        {
            var list = await documents.Events.FetchForWriting<Organization>(organization.Id, ct);
            list.AppendOne(new ProviderDisallowed(providerId));
        }

        return done with
        {
            Committed = () => doorbell.ProviderDeleted(providerId),
        };
    }

    private async Task<Outcome> Remove(
        WriteSession session,
        string etag,
        string providerId,
        ProviderPresence presence,
        ProviderCommand command,
        Func<Provider, Task<Google.Protobuf.IMessage?>> also,
        CancellationToken ct
    )
    {
        var documents = session.Documents;
        var stream = await documents.Events.FetchForWriting<Provider>(StreamKeys.Provider(providerId), ct);
        var provider = stream.Aggregate!;
        if (WriteFields.Stale(etag, provider.Version) is { } stale)
            return stale;
        var decision = ProviderDecider.Decide(provider, command);
        if (decision.Refusal is { } refusal)
            return refusal;
        var response = await also(provider);
        // Its tokens' records stay: an agent that comes back is told why it is refused, which is all they are good for now.
        stream.AppendMany(decision.Events);
        var ended = await documents.Events.FetchForWriting<ProviderPresence>(presence.Id, ct);
        ended.AppendOne(new PresenceEnded(time.GetUtcNow()));
        return new Outcome.Done(providerId, response);
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

    private static string Cleanup(string providerId, ProviderPresence presence) =>
        presence.Agent is { Namespace: var ns }
            ? $"kubectl --namespace {ns} delete deployments,persistentvolumeclaims --selector mesh.coder.com/provider-id={providerId}"
            : "";
}
