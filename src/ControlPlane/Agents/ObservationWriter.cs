using System.Diagnostics;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Observability;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Workspaces;
using WorkspaceObserved = Coder.Mesh.Agent.V1.WorkspaceObserved;

namespace Coder.Mesh.ControlPlane.Agents;

/// <summary>
/// Stores what one agent observes. Keeps only the latest report of each workspace until it is committed, then
/// acknowledges it. A report that arrives meanwhile is stored with the next batch; reports of a workspace that changes
/// faster than the rate limit wait, and only the latest is stored.
/// </summary>
/// <param name="capacity">Maximum number of workspaces with a report that is not stored yet.</param>
internal sealed class ObservationWriter(
    SessionFence fence,
    int capacity,
    WorkspaceCommands commands,
    ProviderNames names,
    TimeProvider time,
    ILogger logger
)
{
    private const int BatchSize = 100;
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan MaxPause = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Pending> _pending = [];

    // The latest version of each workspace in this session: reports that change nothing are not stored.
    private readonly Dictionary<string, long> _latest = [];
    private readonly AsyncAutoResetEvent _signal = new();

    // Workspaces whose pending report is delayed.
    private readonly Dictionary<string, Waiting> _waiting = [];

    public int Capacity => capacity;

    private readonly record struct Pending(ObserveWorkspace Report, ActivityContext Trace);

    /// <param name="Pause">
    /// Set after a failure to store it: the report is then retried alone, so that it delays no other. Null if only the
    /// rate limit delays it.
    /// </param>
    private sealed record Waiting(DateTimeOffset Due, TimeSpan? Pause = null);

    /// <exception cref="ProtocolException">The report is invalid.</exception>
    /// <returns>
    /// False if too many workspaces have reports that wait to be stored. The caller must then close the session, so
    /// that no workspace's latest report is lost unnoticed.
    /// </returns>
    public bool Add(WorkspaceObserved report, ActivityContext trace, bool inSnapshot)
    {
        var observed = WorkspaceFrames.Observed(report, fence.ProviderId, fence.Epoch, time.GetUtcNow()) with
        {
            InSnapshot = inSnapshot,
        };
        lock (_lock)
        {
            if (_pending.Count >= capacity && !_pending.ContainsKey(report.WorkspaceId))
                return false;
            if (_latest.TryGetValue(report.WorkspaceId, out var latest) && observed.Version <= latest)
                return true;
            if (_latest.Count < capacity || _latest.ContainsKey(report.WorkspaceId))
                _latest[report.WorkspaceId] = observed.Version;
            _pending[report.WorkspaceId] = new Pending(observed, trace);
        }

        _signal.Set();
        return true;
    }

    /// <param name="ack">Sends the acknowledgements.</param>
    /// <returns>Completes when the provider has another session in the database.</returns>
    public async Task Run(Func<ConnectResponse, CancellationToken, ValueTask> ack, CancellationToken ct)
    {
        while (true)
        {
            if (_waiting.Count == 0)
                await _signal.Wait(ct);
            else
                await _signal.Wait(_waiting.Values.Min(w => w.Due) - time.GetUtcNow(), time, ct);
            while (Take() is { Count: > 0 } batch)
            {
                try
                {
                    if (await Store(batch, ct) is not { } unstored)
                        return;
                    foreach (var id in batch.Keys)
                        Settle(id, unstored);
                    await Acknowledge(batch.Where(b => !_waiting.ContainsKey(b.Key)), ack, ct);
                }
                catch (Exception e) when (StoreFailure.IsUnavailable(e))
                {
                    // Still pending: while the database is unavailable, nothing is lost and nothing acknowledged.
                    logger.ObservationsNotStored(names.Of(fence.ProviderId), fence.ProviderId, e.Message);
                    await Task.Delay(RetryDelay, time, ct);
                }
            }
        }
    }

    private Dictionary<string, Pending> Take()
    {
        var now = time.GetUtcNow();
        lock (_lock)
        {
            var batch = _pending.Where(p => MayJoin(p.Key, now)).Take(BatchSize).ToDictionary();
            return batch.Count > 0 ? batch : _pending.Where(p => _waiting[p.Key].Due <= now).Take(1).ToDictionary();
        }
    }

    private bool MayJoin(string id, DateTimeOffset now) =>
        !_waiting.TryGetValue(id, out var waiting) || (waiting.Pause is null && waiting.Due <= now);

    private void Settle(string id, UnstoredReports unstored)
    {
        if (unstored.Failed.TryGetValue(id, out var failure))
            RetryLater(id, failure);
        else if (unstored.Early.TryGetValue(id, out var wait))
            _waiting[id] = new Waiting(time.GetUtcNow() + wait);
        else
            _waiting.Remove(id);
    }

    /// <summary>Delay of the next attempt if another writer keeps changing the workspace.</summary>
    private void RetryLater(string id, Exception failure)
    {
        var before = _waiting.GetValueOrDefault(id)?.Pause;
        if (before is null && StoreFailure.IsContention(failure))
            logger.ObservationContended(names.Of(fence.ProviderId), fence.ProviderId, id);
        else if (before is null)
            logger.ObservationFailed(failure, names.Of(fence.ProviderId), fence.ProviderId, id);
        var pause = before is null ? FirstPause : 2 * before.Value;
        if (pause > MaxPause)
            pause = MaxPause;
        _waiting[id] = new Waiting(time.GetUtcNow() + (pause * (0.5 + (Random.Shared.NextDouble() / 2))), pause);
    }

    private async Task<UnstoredReports?> Store(Dictionary<string, Pending> batch, CancellationToken ct)
    {
        using var span = Tracing.StartBatch("agent.observe", batch.Values.Select(p => p.Trace));
        return await commands.Observe(fence, batch.ToDictionary(b => b.Key, b => b.Value.Report), ct);
    }

    private async Task Acknowledge(
        IEnumerable<KeyValuePair<string, Pending>> batch,
        Func<ConnectResponse, CancellationToken, ValueTask> ack,
        CancellationToken ct
    )
    {
        foreach (var (id, stored) in batch)
        {
            lock (_lock)
            {
                if (_pending.TryGetValue(id, out var current) && current == stored)
                    _pending.Remove(id);
            }

            var version = (ulong)stored.Report.Version;
            await ack(
                new ConnectResponse
                {
                    ObservedAck = new ObservedAck { WorkspaceId = id, Version = version },
                },
                ct
            );
        }
    }
}
