using System.Diagnostics;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.ControlPlane.Observability;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Workspaces;
using WorkspaceObserved = Coder.Mesh.Agent.V1.WorkspaceObserved;

namespace Coder.Mesh.ControlPlane.Agents;

/// <summary>
/// Stores what one agent observes. Keeps only the latest report of each workspace until it is committed, then
/// acknowledges it; a report that came meanwhile waits for the next batch.
/// </summary>
/// <param name="capacity">Workspaces whose reports may wait for the store.</param>
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

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Pending> _pending = [];

    // Of each workspace the latest version that came in this session: the store doesn't remember a report that was no news.
    private readonly Dictionary<string, long> _latest = [];
    private readonly Signal _signal = new();

    public int Capacity => capacity;

    private readonly record struct Pending(ObserveWorkspace Report, ActivityContext Trace);

    /// <exception cref="ProtocolException">The report is none.</exception>
    /// <returns>False if too many wait already: the session has to end, for nothing is dropped in silence.</returns>
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
    /// <returns>When the store says that this session is no longer the provider's.</returns>
    public async Task Run(Func<ConnectResponse, CancellationToken, ValueTask> ack, CancellationToken ct)
    {
        while (true)
        {
            await _signal.Wait(ct);
            while (Take() is { Count: > 0 } batch)
            {
                try
                {
                    if (!await Store(batch, ct))
                        return;
                }
                catch (Exception e) when (StoreFailure.IsAway(e))
                {
                    // Still pending: nothing is lost while the store is away, and nothing acknowledged.
                    logger.ObservationsNotStored(names.Of(fence.ProviderId), fence.ProviderId, e.Message);
                    await Task.Delay(RetryDelay, time, ct);
                    continue;
                }

                await Acknowledge(batch, ack, ct);
            }
        }
    }

    private Dictionary<string, Pending> Take()
    {
        lock (_lock)
            return _pending.Take(BatchSize).ToDictionary();
    }

    private async Task<bool> Store(Dictionary<string, Pending> batch, CancellationToken ct)
    {
        using var span = Tracing.StartBatch("agent.observe", batch.Values.Select(p => p.Trace));
        return await commands.Observe(fence, batch.ToDictionary(b => b.Key, b => b.Value.Report), ct);
    }

    private async Task Acknowledge(
        Dictionary<string, Pending> batch,
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
