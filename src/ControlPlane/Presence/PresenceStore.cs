using System.Collections.Immutable;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Replicas;
using Coder.Mesh.ControlPlane.Storage;
using Marten;
using Polly;

namespace Coder.Mesh.ControlPlane.Presence;

/// <summary>What an agent says at its Hello, as far as admission and presence care.</summary>
internal sealed record Attaching(
    string ProviderId,
    string TokenId,
    AgentIdentity Agent,
    uint? ProtocolVersion,
    ImmutableArray<Condition> Conditions,
    TimeSpan SilenceLimit
);

/// <summary>A session that was given an epoch: the presence with it, and the machine's state to go on from.</summary>
internal sealed record AttachedSession(ProviderPresence Presence, StatusState State)
{
    /// <summary>
    /// What is to be stored once the session proves itself, because too many before it have not; null if it is stored.
    /// </summary>
    public HeldBack? HeldBack { get; init; }
}

/// <param name="Before">The presence as it is stored.</param>
internal sealed record HeldBack(AgentConnected Connected, ProviderPresence Before);

/// <summary>Loads, decides, appends: the only code that writes a provider's presence.</summary>
internal sealed class PresenceStore(StoreSessions sessions, FailedSessions failures, Replica replica, TimeProvider time)
{
    private static readonly ResiliencePipeline<Result<AttachedSession>> RetryAttach = ConflictRetry.Of<
        Result<AttachedSession>
    >();

    private static readonly ResiliencePipeline<ProviderPresence?> RetryAppend = ConflictRetry.Of<ProviderPresence?>();

    /// <summary>Gives the agent the next epoch, or refuses it. The newest session wins.</summary>
    public async Task<Result<AttachedSession>> Attach(Attaching attaching, CancellationToken ct) =>
        await RetryAttach.ExecuteAsync(async token => await AttachOnce(attaching, token), ct);

    private async Task<Result<AttachedSession>> AttachOnce(Attaching attaching, CancellationToken ct)
    {
        await using var session = sessions.Write(Actor.Agent(attaching.ProviderId).Stored);
        var stream = await Fetch(session, attaching.ProviderId, ct);
        var takenBy = await TakenBy(session, attaching, ct);
        if (Admission.Decide(stream.Aggregate, attaching.Agent, attaching.ProtocolVersion, takenBy) is { } error)
            return error;

        var (events, attached) = Attached(stream.Aggregate!, attaching);
        if (await IsFailing(stream.Aggregate!, ct))
            return attached with { HeldBack = new HeldBack((AgentConnected)events[0], stream.Aggregate!) };
        stream.AppendMany(events);
        await session.SaveChangesAsync(ct);
        return attached;
    }

    /// <summary>
    /// Notes a refusal. One that holds until somebody changes something sets Error, unless a session is live or its grace
    /// runs. An agent that asks again and again adds nothing.
    /// </summary>
    public async Task Refuse(string providerId, Error error, ClusterOffered? offered, CancellationToken ct)
    {
        await using var session = sessions.Write(Actor.Agent(providerId).Stored);
        var stream = await Fetch(session, providerId, ct);
        if (stream.Aggregate is not { Ended: false } presence)
            return;
        stream.AppendMany(Admission.Note(presence, error, offered, time.GetUtcNow()));
        if (stream.Events.Count == 0)
            return;
        try
        {
            await session.SaveChangesAsync(ct);
        }
        catch (Exception e) when (StoreFailure.IsConflict(e))
        {
            // Something newer than this refusal is known.
        }
    }

    /// <summary>
    /// Appends if the presence still belongs to this epoch and owner; or, where the first event is that the agent has
    /// connected, if that epoch is still to be had.
    /// </summary>
    /// <returns>The presence as stored; null if it belongs to another by now, or has ended.</returns>
    public async Task<ProviderPresence?> Append(
        string providerId,
        long epoch,
        string ownerId,
        IReadOnlyList<PresenceEvent> events,
        CancellationToken ct
    ) => await RetryAppend.ExecuteAsync(async token => await AppendOnce(providerId, epoch, ownerId, events, token), ct);

    private async Task<ProviderPresence?> AppendOnce(
        string providerId,
        long epoch,
        string ownerId,
        IReadOnlyList<PresenceEvent> events,
        CancellationToken ct
    )
    {
        await using var session = sessions.Write(Actor.Agent(providerId).Stored);
        var stream = await Fetch(session, providerId, ct);
        if (stream.Aggregate is not { } presence)
            return null;
        if (!(events[0] is AgentConnected first ? presence.IsFreeFor(first) : presence.IsOwnedBy(epoch, ownerId)))
            return null;
        stream.AppendMany(events);
        await session.SaveChangesAsync(ct);
        return events.Aggregate(presence, (p, e) => ProviderPresence.Fold(p, p.Id, e)!);
    }

    /// <summary>The next one to fail is the first again.</summary>
    public Task ForgetFailures(string providerId, CancellationToken ct) => failures.Clear(providerId, ct);

    // Only a provider in Error can have failed so often, and few are: the others cost no query.
    private async Task<bool> IsFailing(ProviderPresence presence, CancellationToken ct) =>
        presence is { Status: ProviderStatus.Error, Attached: false }
        && await failures.Find(presence.ProviderId, ct) is { Count: >= StatusMachine.MaxFailures } last
        && last.Epoch >= presence.Epoch;

    private (List<PresenceEvent>, AttachedSession) Attached(ProviderPresence presence, Attaching attaching)
    {
        var at = time.GetUtcNow();
        var before = StatusState.From(presence);
        var state = StatusMachine.Step(
            before,
            new StatusFact.Attached(attaching.Conditions, attaching.SilenceLimit)
            {
                Identified = attaching.Agent.NamespaceUid.Length > 0,
            },
            at
        );
        var connected = new AgentConnected(
            presence.Epoch + 1,
            Guid.NewGuid().ToString("n"),
            replica.Id,
            attaching.Agent,
            attaching.TokenId,
            at
        );
        List<PresenceEvent> events = [connected, new ConditionsReported(connected.Epoch, attaching.Conditions)];
        if (!state.SameStatus(before))
            events.Add(state.ToEvent(connected.Epoch));
        var after = events.Aggregate(presence, (p, e) => ProviderPresence.Fold(p, p.Id, e)!);
        return (events, new AttachedSession(after, state));
    }

    private static Task<JasperFx.Events.IEventStream<ProviderPresence>> Fetch(
        IDocumentSession session,
        string providerId,
        CancellationToken ct
    ) => session.Events.FetchForWriting<ProviderPresence>(StreamKeys.Presence(providerId), ct);

    private static async Task<string?> TakenBy(IDocumentSession session, Attaching attaching, CancellationToken ct)
    {
        var uid = attaching.Agent.NamespaceUid;
        if (uid.Length == 0)
            return null;
        var holder = await session.Query<ProviderPresence>().Where(p => p.NamespaceUid == uid).FirstOrDefaultAsync(ct);
        if (holder is null || holder.ProviderId == attaching.ProviderId)
            return null;
        var provider = await session.LoadAsync<Provider>(StreamKeys.Provider(holder.ProviderId), ct);
        return provider?.Name ?? holder.ProviderId;
    }
}
