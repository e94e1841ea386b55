using Coder.Mesh.Agent.V1;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Observability;
using Coder.Mesh.ControlPlane.Orphans;
using Coder.Mesh.ControlPlane.Presence;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Workspaces;
using Coder.Mesh.Protocol;
using Coder.Mesh.Shared;

namespace Coder.Mesh.ControlPlane.Agents;

/// <summary>
/// Sends desired states to one agent: those that were notified, and those in which a snapshot differs from the
/// database. It keeps a set of ids, so that memory is bounded by the number of workspaces and not of changes; each
/// workspace is read when its turn comes. Nothing is sent before the first snapshot is complete.
/// </summary>
internal sealed class DesiredStateDispatcher(
    string providerId,
    PresenceActor owner,
    int capacity,
    SendQueue outbound,
    WorkspaceView view,
    SnapshotReads reads,
    WorkspaceCommands commands,
    Func<IReadOnlyDictionary<string, Held>, bool, CancellationToken, Task> keepOrphans,
    ProviderNames names,
    TimeProvider time,
    ILogger logger
) : IDisposable
{
    private const int ChunkSize = 64;
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly HashSet<string> _dirty = [];
    private readonly AsyncAutoResetEvent _signal = new();
    private readonly PacedRepeats _repeats = new(time, capacity);
    private readonly Dictionary<string, long> _toRaise = [];
    private IReadOnlyDictionary<string, Held>? _snapshot;
    private volatile bool _firstSnapshotDone;

    public bool FirstSnapshotDone => _firstSnapshotDone;

    public void Mark(string workspaceId)
    {
        lock (_lock)
            _dirty.Add(workspaceId);
        _signal.Set();
    }

    /// <summary>Sends a desired state again that the agent does not follow, or no longer; at a limited rate.</summary>
    public void Repeat(string workspaceId)
    {
        // The answer to the first snapshot covers everything.
        if (_firstSnapshotDone)
            _repeats.Ask(workspaceId, Mark);
    }

    public void Dispose() => _repeats.Dispose();

    /// <summary>Answers a complete snapshot.</summary>
    public void Answer(IReadOnlyDictionary<string, Held> snapshot)
    {
        lock (_lock)
            _snapshot = snapshot;
        _signal.Set();
    }

    public async Task Run(CancellationToken ct)
    {
        while (true)
        {
            if (_toRaise.Count == 0)
                await _signal.Wait(ct);
            else
                await _signal.Wait(RetryDelay, time, ct);
            try
            {
                await AnswerSnapshot(ct);
                foreach (var raised in await RaiseGenerations(ct))
                    Mark(raised);
                if (_firstSnapshotDone)
                    await SendMarked(ct);
            }
            catch (Exception e) when (StoreFailure.IsUnavailable(e) || StoreFailure.IsContention(e))
            {
                logger.DesiredNotRead(names.Of(providerId), providerId, e.Message);
                await Task.Delay(RetryDelay, time, ct);
                _signal.Set();
            }
        }
    }

    private async Task AnswerSnapshot(CancellationToken ct)
    {
        IReadOnlyDictionary<string, Held>? snapshot;
        lock (_lock)
            snapshot = _snapshot;
        if (snapshot is null)
            return;

        await owner.Proven(ct);
        var (unfinished, hasOrphans) = await Compare(snapshot, ct);
        var known = unfinished.Select(w => w.WorkspaceId).ToHashSet();
        var differing = unfinished.Where(w => Differs(w, snapshot)).Select(w => w.WorkspaceId);
        // Workspaces in the snapshot that are not unfinished workspaces here: they have ended, or they are orphans and
        // left alone.
        var unclaimed = snapshot.Keys.Where(id => !known.Contains(id)).ToList();
        foreach (var chunk in differing.Concat(unclaimed).Chunk(ChunkSize))
            await Send(chunk, redelivery: true, ct);
        await keepOrphans(unclaimed.ToDictionary(id => id, id => snapshot[id]), hasOrphans, ct);
        if (!_firstSnapshotDone)
            await owner.Synced(ct);
        _firstSnapshotDone = true;
        await outbound.Workspace(new ConnectResponse { SnapshotComplete = new SnapshotComplete() }, ct);
        lock (_lock)
        {
            // A newer snapshot may have arrived meanwhile; its signal is set.
            if (_snapshot == snapshot)
                _snapshot = null;
        }

        _signal.Set();
    }

    private async Task<StoredInventory> Compare(IReadOnlyDictionary<string, Held> snapshot, CancellationToken ct)
    {
        using var span = Tracing.StartWork("agent.compare");
        var read = await reads.Read(providerId, ct);
        while (read.Error is not null)
        {
            await Task.Delay(RetryDelay, time, ct);
            read = await reads.Read(providerId, ct);
        }

        var stored = read.Value;
        _toRaise.Clear();
        foreach (var workspace in stored.Unfinished)
        {
            if (snapshot.TryGetValue(workspace.WorkspaceId, out var held) && held.Carried > workspace.Generation)
                _toRaise[workspace.WorkspaceId] = held.Carried;
        }

        await RaiseGenerations(ct);
        return stored;
    }

    /// <summary>
    /// Raises generations that are lower than those of a snapshot, because the database was restored or somebody has
    /// edited an object.
    /// </summary>
    /// <returns>Ids of the raised workspaces.</returns>
    private async Task<IReadOnlyList<string>> RaiseGenerations(CancellationToken ct)
    {
        var done = new List<string>();
        foreach (var (id, carried) in _toRaise.ToList())
        {
            var raised = await commands.RaiseGeneration(id, carried, ct);
            // A workspace that is constantly modified is retried later, without blocking the others.
            if (raised.Error?.Reason == ErrorReasons.ConcurrentChange)
                continue;
            _toRaise.Remove(id);
            done.Add(id);
        }

        return done;
    }

    private static bool Differs(Workspace workspace, IReadOnlyDictionary<string, Held> snapshot) =>
        workspace.Desired == DesiredState.Deleted
        || !snapshot.TryGetValue(workspace.WorkspaceId, out var held)
        || held.WantsDesired
        || held.Applied != workspace.Generation
        || WorkspaceDecider.Contradicts(workspace.Desired, held.State);

    private async Task SendMarked(CancellationToken ct)
    {
        while (true)
        {
            string[] chunk;
            lock (_lock)
            {
                chunk = [.. _dirty.Take(ChunkSize)];
                _dirty.ExceptWith(chunk);
            }

            if (chunk.Length == 0)
                return;
            try
            {
                await Send(chunk, redelivery: false, ct);
            }
            catch
            {
                // Not sent, so the id stays marked until the caller handles it again.
                lock (_lock)
                    _dirty.UnionWith(chunk);
                throw;
            }
        }
    }

    private async Task Send(string[] ids, bool redelivery, CancellationToken ct)
    {
        foreach (var workspace in await view.Find(ids, ct))
        {
            if (workspace.ProviderId != providerId)
                continue;
            var frame = WorkspaceFrames.Desired(workspace);
            using var span = Tracing.StartSend(FrameNames.Of(frame.FrameCase), workspace.Traceparent, redelivery);
            frame.Traceparent = span?.Id ?? workspace.Traceparent;
            await outbound.Workspace(frame, ct);
        }
    }
}
