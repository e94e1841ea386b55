using System.Threading.Channels;
using Coder.Mesh.ControlPlane.Observability;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.Shared;
using StatusCodes = Coder.Mesh.ControlPlane.Providers.StatusCodes;

namespace Coder.Mesh.ControlPlane.Presence;

/// <summary>Reasons for which an owner has its session closed.</summary>
internal enum OwnerVerdict
{
    Unresponsive,

    /// <summary>The database assigns the presence to another session.</summary>
    NotOwner,
}

/// <summary>
/// The only writer of a provider's presence while its session is open and until the grace period after it has passed.
/// Facts arrive through its mailbox; it steps the status machine, stores changes, and sets one timer for the next
/// deadline.
/// </summary>
internal sealed class PresenceActor : IDisposable
{
    private const int MailboxCapacity = 32;

    private readonly Channel<StatusFact> _mailbox = Channel.CreateBounded<StatusFact>(
        new BoundedChannelOptions(MailboxCapacity) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait }
    );
    private readonly PresenceStore _store;
    private readonly StoreHealth _health;
    private readonly PauseDetector _pulse;
    private readonly ProviderNames _names;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ITimer _timer;
    private readonly TaskCompletionSource<OwnerVerdict> _verdict = new(
        TaskCreationOptions.RunContinuationsAsynchronously
    );
    private readonly TaskCompletionSource _stored = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly DateTimeOffset _heldUntil;
    private readonly bool _wasHeld;
    private AgentConnected? _held;
    private ProviderPresence _saved;
    private StatusState _state;
    private string _detachReason = "";
    private bool _proven;
    private DateTimeOffset _paceFullAt;
    private DateTimeOffset? _pacedUntil;
    private long _heardTicks;
    private int _heardPauses;

    public PresenceActor(
        AttachedSession attached,
        PresenceStore store,
        StoreHealth health,
        PauseDetector pulse,
        ProviderNames names,
        TimeProvider time,
        ILogger logger
    )
    {
        Fence = new SessionFence(attached.Presence.ProviderId, attached.Presence.Epoch, attached.Presence.OwnerId);
        _saved = attached.HeldBack?.Before ?? attached.Presence;
        _state = attached.State;
        (_held, _wasHeld) = (attached.HeldBack?.Connected, attached.HeldBack is not null);
        _heldUntil = time.GetUtcNow() + StatusMachine.SnapshotLimit;
        if (_held is null)
            _stored.SetResult();
        (_store, _health, _pulse, _names, _time, _logger) = (store, health, pulse, names, time, logger);
        _heardTicks = time.GetUtcNow().UtcTicks;
        _heardPauses = pulse.Pauses;
        _timer = time.CreateTimer(_ => Wake(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public SessionFence Fence { get; }

    public string ProviderId => Fence.ProviderId;

    public long Epoch => Fence.Epoch;

    /// <summary>Whether the session is stored; nothing may be written for it before.</summary>
    public bool IsStored => _stored.Task.IsCompleted;

    /// <summary>Completes when the session must be closed.</summary>
    public Task<OwnerVerdict> Verdict => _verdict.Task;

    /// <summary>Records that a frame was received; cheap enough for every frame.</summary>
    public void FrameReceived()
    {
        Volatile.Write(ref _heardTicks, _time.GetUtcNow().UtcTicks);
        Volatile.Write(ref _heardPauses, _pulse.KnownPauses);
    }

    /// <summary>Posts a fact. Waits while the mailbox is full, and so do further frames of the agent.</summary>
    public ValueTask Post(StatusFact fact, CancellationToken ct) => _mailbox.Writer.WriteAsync(fact, ct);

    /// <summary>Waits until the session is stored.</summary>
    public Task Stored(CancellationToken ct) => _stored.Task.WaitAsync(ct);

    /// <summary>Stores the session, if that was held back, once its first snapshot has arrived.</summary>
    public async Task Proven(CancellationToken ct)
    {
        if (IsStored)
            return;
        Volatile.Write(ref _proven, true);
        await Post(new StatusFact.TimePassed(), ct);
        await Stored(ct);
    }

    /// <summary>Records that the first snapshot was answered. Returns when the resulting changes are stored.</summary>
    public async Task Synced(CancellationToken ct)
    {
        await Post(new StatusFact.Synced(), ct);
        await _synced.Task.WaitAsync(ct);
    }

    /// <summary>Ends the session. The grace period begins, unless too many sessions have failed.</summary>
    public ValueTask Detached(string reason, StatusFact.Detached fact, CancellationToken ct)
    {
        _detachReason = reason;
        return Post(fact, ct);
    }

    /// <summary>Makes the owner evaluate its state, as any fact in the mailbox does.</summary>
    public void Wake() => _mailbox.Writer.TryWrite(new StatusFact.TimePassed());

    /// <summary>Closes the session because a newer one was started before it.</summary>
    public void GiveUp() => _verdict.TrySetResult(OwnerVerdict.NotOwner);

    /// <summary>
    /// Runs until nothing is left to decide, another session owns the presence, or the replica stops.
    /// </summary>
    public async Task Run(CancellationToken ct)
    {
        try
        {
            Arm();
            await foreach (var fact in _mailbox.Reader.ReadAllAsync(ct))
            {
                if (!await Handle(fact, ct))
                    return;
                Arm();
            }
        }
        finally
        {
            // However it ended: no sender may wait for room, and no session may continue without an owner.
            _mailbox.Writer.TryComplete();
            _verdict.TrySetResult(OwnerVerdict.NotOwner);
        }
    }

    public void Dispose() => _timer.Dispose();

    private async Task<bool> Handle(StatusFact fact, CancellationToken ct)
    {
        var heardAt = new DateTimeOffset(Volatile.Read(ref _heardTicks), TimeSpan.Zero);
        var at = _time.GetUtcNow();
        var before = Backfill(heardAt, at);
        var next = StatusMachine.Step(before, fact, at);
        if (_held is not null && next.Link != Link.Attached)
        {
            // The session is not stored, so there is nothing to end.
            _verdict.TrySetResult(next.Link == Link.Unresponsive ? OwnerVerdict.Unresponsive : OwnerVerdict.NotOwner);
            return false;
        }

        if (!await Accept(fact, before, next, at, ct))
        {
            _verdict.TrySetResult(OwnerVerdict.NotOwner);
            return false;
        }

        if (fact is StatusFact.Synced)
            _synced.TrySetResult();
        if (_state.Link == Link.Unresponsive)
            _verdict.TrySetResult(OwnerVerdict.Unresponsive);
        return _state.Link is Link.Attached or Link.Grace || _state.StoreUnavailable;
    }

    /// <summary>
    /// Returns the state with facts that were recorded outside of the mailbox since the last one: about the agent, this
    /// process and the database.
    /// </summary>
    private StatusState Backfill(DateTimeOffset heardAt, DateTimeOffset at)
    {
        var state = StatusMachine.Step(_state, new StatusFact.Received(), heardAt);
        if (WasSuspended())
            state = StatusMachine.Step(state, new StatusFact.Suspended(), at);
        return state.StoreUnavailable && _health.UnavailableSince is null
            ? StatusMachine.Step(state, new StatusFact.StoreRecovered(), at)
            : state;
    }

    /// <summary>
    /// Stores and adopts the next state. Continues without storing while the database is unavailable.
    /// </summary>
    /// <returns>False if the presence belongs to another session.</returns>
    private async Task<bool> Accept(
        StatusFact fact,
        StatusState before,
        StatusState next,
        DateTimeOffset at,
        CancellationToken ct
    )
    {
        try
        {
            if (!await Save(next, at, ct))
                return false;
            _state = next;
            if (fact is StatusFact.Synced && _wasHeld)
                await _store.ForgetFailures(ProviderId, ct);
        }
        catch (Exception e) when (StoreFailure.IsUnavailable(e))
        {
            // Keeps what happened, but not what was decided only because time passed.
            var kept = fact is StatusFact.TimePassed ? before : next;
            _state = StatusMachine.Step(kept, new StatusFact.StoreLost(), at);
            if (_health.ReportUnavailable())
                _logger.PresenceNotStored(_names.Of(ProviderId), ProviderId, e.Message);
        }

        return true;
    }

    /// <summary>
    /// Whether this process was suspended since the last frame of the agent. True once for each pause.
    /// </summary>
    private bool WasSuspended()
    {
        var pauses = _pulse.Pauses;
        return Interlocked.Exchange(ref _heardPauses, pauses) != pauses;
    }

    private async Task<bool> Save(StatusState next, DateTimeOffset at, CancellationToken ct)
    {
        if (next.StoreUnavailable || (_held is not null && at < _heldUntil && !Volatile.Read(ref _proven)))
            return true;
        var events = Difference(next, at);
        _pacedUntil = null;
        if (events.Count == 0)
            return true;
        if (!events.Exists(IsUrgent) && PresenceStore.ReadinessPace.Wait(_paceFullAt, at) is { Ticks: > 0 } wait)
        {
            // The latest report is stored when the pace allows it, or with the next status change.
            _pacedUntil = at + wait;
            return true;
        }

        _paceFullAt = PresenceStore.ReadinessPace.Stored(_paceFullAt, at);
        using var span = Tracing.StartWork("presence.store");
        if (await _store.Append(ProviderId, Epoch, Fence.OwnerId, events, ct) is not { } saved)
            return false;
        _held = null;
        _stored.TrySetResult();
        if (saved.Status != _saved.Status || saved.Code != _saved.Code)
            _logger.StatusChanged(_names.Of(ProviderId), ProviderId, saved.Status, saved.Code, saved.Message);
        _saved = saved;
        return true;
    }

    /// <summary>
    /// Whether the change is stored regardless of the pace: the status machine damps status changes itself, and other
    /// changes occur once in a session.
    /// </summary>
    private bool IsUrgent(PresenceEvent change) =>
        change is StatusChanged status ? status.Status != _saved.Status : change is not ConditionsReported;

    private List<PresenceEvent> Difference(StatusState next, DateTimeOffset at)
    {
        var events = new List<PresenceEvent>();
        if (_held is not null)
            events.Add(_held);
        else if (_saved.Attached && next.Link != Link.Attached)
        {
            var reason = next.Link == Link.Unresponsive ? StatusCodes.AgentUnresponsive : _detachReason;
            events.Add(new AgentDisconnected(Epoch, reason, at));
        }

        if (!_saved.Conditions.SequenceEqual(next.Conditions))
            events.Add(new ConditionsReported(Epoch, next.Conditions));
        if (!next.SameStatus(StatusState.From(_saved)))
            events.Add(next.ToEvent(Epoch));
        return events;
    }

    private void Arm()
    {
        var next = Earliest.Of(StatusMachine.Deadline(_state), _held is null ? null : _heldUntil);
        next = Earliest.Of(next, _pacedUntil);
        var due = next is { } deadline
            ? TimeSpan.FromTicks(Math.Max(0, (deadline - _time.GetUtcNow()).Ticks))
            : Timeout.InfiniteTimeSpan;
        _timer.Change(due, Timeout.InfiniteTimeSpan);
    }
}
