using Coder.Mesh.ControlPlane.Deployment;
using Coder.Mesh.ControlPlane.Identity;
using Coder.Mesh.ControlPlane.Organizations;
using Coder.Mesh.ControlPlane.Presence;
using Coder.Mesh.ControlPlane.Refusals;
using Coder.Mesh.ControlPlane.Replicas;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Workspaces;
using Coder.Mesh.Protocol;
using JasperFx;
using Marten;

namespace Coder.Mesh.ControlPlane.Providers;

/// <summary>Loads, decides, appends: the only code that writes a provider's stream.</summary>
internal sealed class ProviderCommands(
    StoreSessions sessions,
    WorkspaceView workspaces,
    Doorbell doorbell,
    TimeProvider time
)
{
    private const int Attempts = 5;

    /// <returns>The provider's id and its first token: a secret that is kept nowhere else.</returns>
    public async Task<Result<(string ProviderId, string Token)>> Create(
        string actor,
        string name,
        ProviderDetails details,
        CancellationToken ct
    )
    {
        var (id, at) = (Ids.New(time), time.GetUtcNow());
        await using var session = sessions.Write(actor);
        var registered = ProviderDecider.Decide(null, new RegisterProvider(id, name, details, at));
        var (token, issued) = NewToken(session, id);
        session.Events.StartStream<Provider>(StreamKeys.Provider(id), [.. registered.Events, issued]);
        session.Events.StartStream<ProviderPresence>(StreamKeys.Presence(id), new PresenceStarted(id, at));
        try
        {
            await session.SaveChangesAsync(ct);
            return (id, token);
        }
        catch (Exception e) when (StoreFailure.UniqueIndex(e) == MartenRegistration.ProviderNameIndex)
        {
            return new Refusal(
                RefusalKind.AlreadyExists,
                ErrorReasons.ProviderExists,
                $"There is already a provider \"{name}\"; choose another name."
            );
        }
    }

    /// <summary>A new token for a provider; if it has two already, the older goes.</summary>
    /// <exception cref="InvalidOperationException">There is no such provider.</exception>
    public async Task<string> IssueToken(string providerId, CancellationToken ct)
    {
        await using var session = sessions.Write("local");
        var stream = await session.Events.FetchForWriting<Provider>(StreamKeys.Provider(providerId), ct);
        var (token, issued) = NewToken(session, providerId);
        var decision = ProviderDecider.Decide(
            stream.Aggregate,
            new IssueProviderToken(issued.TokenId, issued.Hash, issued.At)
        );
        if (decision.Refusal is { } refusal)
            throw new InvalidOperationException(refusal.Message);
        foreach (var revoked in decision.Events.OfType<ProviderTokenRevoked>())
            session.Delete<TokenRecord>(stream.Aggregate!.Tokens.Single(t => t.TokenId == revoked.TokenId).Hash);
        stream.AppendMany(decision.Events);
        await session.SaveChangesAsync(ct);
        return token;
    }

    public async Task<Result<string>> Delete(string actor, string providerId, CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            await using var session = sessions.Write(actor);
            if (await Delete(session, providerId, ct) is { } refusal)
                return refusal;
            try
            {
                await session.SaveChangesAsync(ct);
                doorbell.ProviderDeleted(providerId);
                return providerId;
            }
            catch (ConcurrencyException) when (attempt < Attempts)
            {
                // Its agent attached, or an allowlist changed: look again.
            }
        }
    }

    private async Task<Refusal?> Delete(IDocumentSession session, string providerId, CancellationToken ct)
    {
        var stream = await session.Events.FetchForWriting<Provider>(StreamKeys.Provider(providerId), ct);
        var allowing = await session
            .Query<Organization>()
            .Where(o => o.AllowedProviders.Contains(providerId))
            .ToListAsync(ct);
        var holdings = await Holdings(session, providerId, allowing, ct);
        var decision = ProviderDecider.Decide(stream.Aggregate, new DeleteProvider(holdings, time.GetUtcNow()));
        if (decision.Refusal is { } refusal)
            return refusal;

        stream.AppendMany(decision.Events);
        // Its tokens' records stay: an agent that comes back is told why it is refused, which is all they are good for now.
        var presence = await session.Events.FetchForWriting<ProviderPresence>(StreamKeys.Presence(providerId), ct);
        presence.AppendOne(new PresenceEnded(time.GetUtcNow()));
        foreach (var organization in allowing)
        {
            var list = await session.Events.FetchForWriting<Organization>(organization.Id, ct);
            list.AppendOne(new ProviderDisallowed(providerId));
        }

        return null;
    }

    private async Task<ProviderHoldings> Holdings(
        IDocumentSession session,
        string providerId,
        IReadOnlyList<Organization> allowing,
        CancellationToken ct
    )
    {
        var deployment = await session.LoadAsync<MeshDeployment>(StreamKeys.Deployment, ct);
        var counts = await workspaces.CountUnfinished([providerId], ct);
        return new ProviderHoldings(
            deployment?.DefaultProviderId == providerId,
            counts.GetValueOrDefault(providerId),
            [.. allowing.Where(o => o.AllowedProviders.Length == 1).Select(o => o.Name)]
        );
    }

    private (string Token, ProviderTokenIssued Issued) NewToken(IDocumentSession session, string providerId)
    {
        var token = Tokens.Create(TokenKind.Provider);
        var issued = new ProviderTokenIssued(Ids.New(time), Tokens.Hash(token), time.GetUtcNow());
        session.Insert(new TokenRecord(issued.Hash, issued.TokenId, TokenKind.Provider, providerId, issued.At));
        return (token, issued);
    }
}
