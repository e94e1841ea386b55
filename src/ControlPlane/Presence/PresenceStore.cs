using System.Collections.Immutable;
using System.Diagnostics;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Replicas;
using Coder.Mesh.ControlPlane.Storage;
using Marten;
using Polly;

namespace Coder.Mesh.ControlPlane.Presence;

/// <summary>The parts of a Hello that matter for admission and presence.</summary>
internal sealed record Attaching(
    string ProviderId,
    string TokenId,
    AgentIdentity Agent,
    uint? ProtocolVersion,
    ImmutableArray<Condition> Conditions,
    TimeSpan SilenceLimit
)
{
    /// <summary>Id of the trace of the Hello; null if there is none.</summary>
    public string? Trace { get; init; } = Activity.Current?.RootId;
}

/// <summary>
/// A session with its epoch: the presence with it, and the state of the status machine to continue from.
/// </summary>
internal sealed record AttachedSession(ProviderPresence Presence, StatusState State)
{
    /// <summary>
    /// Events to store once the first snapshot has arrived, since too many sessions before it failed; null if the
    /// session is stored.
    /// </summary>
    public HeldBack? HeldBack { get; init; }

    public Provider? Provider { get; init; }
}

/// <param name="Before">The stored presence.</param>
internal sealed record HeldBack(AgentConnected Connected, ProviderPresence Before);

/// <summary>Loads, decides and appends: the only code that writes a provider's presence.</summary>
internal sealed class PresenceStore
{
    /// <summary>How often readiness reports are stored, beyond changes of the provider's status.</summary>
    public static readonly Pace ReadinessPace = new(10, TimeSpan.FromSeconds(30));

    private static readonly ResiliencePipeline<Result<AttachedSession>> RetryAttach = ConflictRetry.Of<
        Result<AttachedSession>
    >();

    private static readonly ResiliencePipeline<ProviderPresence?> RetryAppend = ConflictRetry.Of<ProviderPresence?>();

    private readonly StoreSessions _sessions;
    private readonly FailedSessions _failures;
    private readonly Replica _replica;
    private readonly TimeProvider _time;
    private readonly Batcher<PresenceChange, ProviderPresence?> _appends;

    public PresenceStore(StoreSessions sessions, FailedSessions failures, Replica replica, TimeProvider time)
    {
        (_sessions, _failures, _replica, _time) = (sessions, failures, replica, time);
        _appends = new Batcher<PresenceChange, ProviderPresence?>(
            BatchLimits.Patient(size: 128, workers: 4),
            Append,
            _ => StoreFailure.Unavailable,
            health: null,
            time,
            key: c => c.ProviderId
        );
    }

    /// <summary>
    /// Assigns the next epoch to each agent, or refuses it, in one transaction. The newest session of a provider wins.
    /// </summary>
    /// <param name="all">Agents of different providers.</param>
    /// <returns>One result for each agent, in order.</returns>
    /// <exception cref="Exception">The transaction failed, for example because of a conflict; nothing is
    /// stored.</exception>
    public async Task<IReadOnlyList<Result<AttachedSession>>> Attach(
        IReadOnlyList<Attaching> all,
        CancellationToken ct
    ) =>
        all is [var only]
            ? [await RetryAttach.ExecuteAsync(async token => (await AttachOnce([only], token))[0], ct)]
            : await AttachOnce(all, ct);

    private async Task<IReadOnlyList<Result<AttachedSession>>> AttachOnce(
        IReadOnlyList<Attaching> all,
        CancellationToken ct
    )
    {
        await using var session = _sessions.Write(Actor.Agent(all[0].ProviderId).Stored);
        var stored = await AttachReads.Read(session, _failures, all, ct);
        var results = new Result<AttachedSession>[all.Count];
        // In one order in all transactions, which prevents deadlocks.
        foreach (var i in Enumerable.Range(0, all.Count).OrderBy(i => all[i].ProviderId, StringComparer.Ordinal))
            results[i] = Attach(session, all[i], stored);
        await session.SaveChangesAsync(ct);
        return results;
    }

    private Result<AttachedSession> Attach(IDocumentSession session, Attaching attaching, AttachReads stored)
    {
        var presence = stored.Presence(attaching);
        var (version, takenBy) = (attaching.ProtocolVersion, stored.TakenBy(attaching));
        if (Admission.Decide(presence, attaching.Agent, version, takenBy, _time.GetUtcNow()) is { } error)
            return error;
        var (events, attached) = Attached(presence!, attaching);
        attached = attached with { Provider = stored.Provider(attaching) };
        if (stored.IsFailing(presence!))
            return attached with { HeldBack = new HeldBack((AgentConnected)events[0], presence!) };
        session.Append(presence!.Id, presence.Version, Actor.Agent(presence.ProviderId), events, attaching.Trace);
        return attached;
    }

    /// <summary>
    /// Records a refusal. A refusal that persists until somebody changes something sets the status to Error, unless a
    /// session is open or its grace period is running. Repetitions add nothing.
    /// </summary>
    public async Task Refuse(string providerId, Error error, ClusterOffered? offered, CancellationToken ct)
    {
        await using var session = _sessions.Write(Actor.Agent(providerId).Stored);
        var stream = await Fetch(session, providerId, ct);
        if (stream.Aggregate is not { Ended: false } presence)
            return;
        stream.AppendMany(Admission.Note(presence, error, offered, _time.GetUtcNow()));
        if (stream.Events.Count == 0)
            return;
        try
        {
            await session.SaveChangesAsync(ct);
        }
        catch (Exception e) when (StoreFailure.IsConflict(e))
        {
            // A newer event has replaced this refusal.
        }
    }

    /// <summary>
    /// Appends events if the presence still belongs to this epoch and owner or, if the first event is that the agent
    /// has connected, if that epoch is still free. Concurrent appends of several providers share a transaction.
    /// </summary>
    /// <returns>
    /// The stored presence; null if it belongs to another session by now, or the provider is deleted.
    /// </returns>
    public async Task<ProviderPresence?> Append(
        string providerId,
        long epoch,
        string ownerId,
        IReadOnlyList<PresenceEvent> events,
        CancellationToken ct
    ) => (await _appends.Run(new PresenceChange(providerId, epoch, ownerId, events), ct)).Value;

    private async Task<IReadOnlyList<ProviderPresence?>> Append(
        IReadOnlyList<PresenceChange> all,
        CancellationToken ct
    ) =>
        all is [var only]
            ? [await RetryAppend.ExecuteAsync(async token => (await AppendOnce([only], token))[0], ct)]
            : await AppendOnce(all, ct);

    private async Task<IReadOnlyList<ProviderPresence?>> AppendOnce(
        IReadOnlyList<PresenceChange> all,
        CancellationToken ct
    )
    {
        await using var session = _sessions.Write(Actor.Agent(all[0].ProviderId).Stored);
        var keys = all.Select(c => StreamKeys.Presence(c.ProviderId));
        var presences = (await session.LoadManyAsync<ProviderPresence>(ct, keys)).ToDictionary(p => p.ProviderId);
        var stored = new ProviderPresence?[all.Count];
        // In one order in all transactions, which prevents deadlocks.
        foreach (var i in Enumerable.Range(0, all.Count).OrderBy(i => all[i].ProviderId, StringComparer.Ordinal))
            stored[i] = Append(session, all[i], presences.GetValueOrDefault(all[i].ProviderId));
        await session.SaveChangesAsync(ct);
        return stored;
    }

    private static ProviderPresence? Append(IDocumentSession session, PresenceChange change, ProviderPresence? presence)
    {
        if (presence is null || !change.IsAllowed(presence))
            return null;
        session.Append(presence.Id, presence.Version, Actor.Agent(change.ProviderId), change.Events, change.Trace);
        return change.Events.Aggregate(presence, (p, e) => ProviderPresence.Fold(p, p.Id, e)!);
    }

    /// <summary>Forgets the failed sessions of a provider.</summary>
    public Task ForgetFailures(string providerId, CancellationToken ct) => _failures.Clear(providerId, ct);

    private (List<PresenceEvent>, AttachedSession) Attached(ProviderPresence presence, Attaching attaching)
    {
        var at = _time.GetUtcNow();
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
            _replica.Id,
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
}

/// <summary>Events for a presence of one session.</summary>
internal sealed record PresenceChange(
    string ProviderId,
    long Epoch,
    string OwnerId,
    IReadOnlyList<PresenceEvent> Events
)
{
    /// <summary>Id of the trace that the events belong to; null if there is none.</summary>
    public string? Trace { get; init; } = Activity.Current?.RootId;

    public bool IsAllowed(ProviderPresence presence) =>
        Events[0] is AgentConnected first ? presence.IsFreeFor(first) : presence.IsOwnedBy(Epoch, OwnerId);
}
