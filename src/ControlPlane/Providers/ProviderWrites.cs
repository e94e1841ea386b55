using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Identity;
using Coder.Mesh.ControlPlane.Storage;
using Marten;

namespace Coder.Mesh.ControlPlane.Providers;

/// <summary>Common part of all commands on one provider: load, decide, append.</summary>
internal sealed class ProviderWrites(CommandExecutor writer, ProviderView view, IAgentNotifier agents)
{
    /// <param name="reference">Name or id.</param>
    public Task<Result<WriteResult>> Change(
        WriteContext context,
        string reference,
        string etag,
        ProviderCommand command,
        CancellationToken ct,
        Func<string, Error?>? alreadyExists = null
    ) =>
        Run(
            context,
            reference,
            command.Locked,
            (session, id, token) =>
                Change(session, reference, id, etag, (_, _, _) => Task.FromResult(command), null, token),
            ct,
            alreadyExists
        );

    /// <param name="command">
    /// Creates the command, not a locked one, from the provider and from what it reads in the same transaction.
    /// </param>
    public Task<Result<WriteResult>> Change(
        WriteContext context,
        string reference,
        CommandFactory command,
        Google.Protobuf.IMessage response,
        CancellationToken ct
    ) =>
        Run(
            context,
            reference,
            locked: false,
            (session, id, token) => Change(session, reference, id, etag: "", command, response, token),
            ct
        );

    public delegate Task<ProviderCommand> CommandFactory(WriteSession session, Provider provider, CancellationToken ct);

    private async Task<Outcome> Change(
        WriteSession session,
        string reference,
        string providerId,
        string etag,
        CommandFactory command,
        Google.Protobuf.IMessage? response,
        CancellationToken ct
    )
    {
        var key = StreamKeys.Provider(providerId);
        var stream = await session.Documents.Events.FetchForWriting<Provider>(key, ct);
        var provider = stream.Aggregate!;
        if (!provider.Matches(reference))
            return new Outcome.Conflict();
        if (WriteFields.Stale(etag, provider.Version) is { } stale)
            return stale;
        var decision = ProviderDecider.Decide(provider, await command(session, provider, ct));
        if (decision.Error is { } error)
            return error;
        stream.AppendMany(decision.Events);
        return new Outcome.Done(providerId, response)
        {
            Committed = KeepTokens(session.Documents, provider, decision.Events),
            Unchanged = decision.Events.Count == 0,
        };
    }

    /// <summary>Runs a function with the id of an existing provider.</summary>
    /// <param name="locked">Whether placements and the function have to wait for each other.</param>
    public Task<Result<WriteResult>> Run(
        WriteContext context,
        string reference,
        bool locked,
        Func<WriteSession, string, CancellationToken, Task<Outcome>> work,
        CancellationToken ct,
        Func<string, Error?>? alreadyExists = null
    ) =>
        writer.Run(
            context,
            async token =>
            {
                var found = await view.Find(reference, token);
                if (found.Error is { } error)
                    return error;
                var id = found.Value.ProviderId;
                return new UnitOfWork(
                    locked ? [AdvisoryLock.Provider(id, exclusive: true)] : [],
                    (session, cancel) => work(session, id, cancel)
                )
                {
                    AlreadyExists = alreadyExists ?? (_ => null),
                };
            },
            ct
        );

    /// <summary>Updates the records that tokens are found by, according to the events.</summary>
    /// <returns>Action for after the commit, which ends the sessions of revoked tokens.</returns>
    private Action? KeepTokens(IDocumentSession session, Provider before, IReadOnlyList<ProviderEvent> events)
    {
        var revoked = events.OfType<ProviderTokenRevoked>().Select(e => e.TokenId).ToList();
        foreach (var token in before.Tokens.Where(t => revoked.Contains(t.TokenId)))
            session.Delete<TokenRecord>(token.Hash);
        foreach (var issued in events.OfType<ProviderTokenIssued>())
            session.Insert(RecordOf(before.ProviderId, issued));
        if (revoked.Count == 0)
            return null;
        return () => agents.TokenRevoked(before.ProviderId);
    }

    public static TokenRecord RecordOf(string providerId, ProviderTokenIssued issued) =>
        new(issued.Hash, issued.TokenId, TokenKind.Provider, providerId, issued.At);
}
