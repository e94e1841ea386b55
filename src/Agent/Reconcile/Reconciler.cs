using System.Diagnostics;
using Coder.Mesh.Agent.Base;
using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.Observability;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.Protocol;
using Coder.Mesh.Shared;

namespace Coder.Mesh.Agent.Reconcile;

/// <summary>
/// Makes the cluster what the control plane wishes, and knows what to report. In order for each workspace, parallel
/// across them. It deletes only what a WorkspaceRemoved names; that something is absent from a wish means nothing.
/// </summary>
internal sealed class Reconciler(
    IClusterDriver driver,
    AgentMetrics metrics,
    Jitter jitter,
    TimeProvider time,
    ILogger<Reconciler> logger
) : BackgroundService, IClusterSink
{
    private const int Workers = 16;

    private const int MaxRepairs = 10_000;

    // The other half is for what has not failed before.
    private const int RepeatingWorkers = Workers / 2;

    private static readonly Backoff RetryPace = new(TimeSpan.FromSeconds(0.5), 2, TimeSpan.FromSeconds(30));

    private readonly Lock _lock = new();
    private readonly KeyedQueue _queue = new(time, RepeatingWorkers);

    // Somebody who changes objects again and again must not make the agent do so.
    private readonly PacedRepeats _repairs = new(time, MaxRepairs);
    private readonly WorkspaceTable _table = new();
    private readonly ClusterCall _call = new(driver, time, logger);
    private readonly ClusterWatchLoop _watch = new(driver, time, logger);

    // What the current session has given: without them nothing is applied.
    private DriverIdentity? _identity;
    private IReportQueue? _reports;
    private TaskCompletionSource _listed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Takes wishes and gives reports for a session. What an earlier session wished is forgotten.</summary>
    public async Task Attach(DriverIdentity identity, IReportQueue reports)
    {
        bool known;
        lock (_lock)
            known = _watch.Identity == identity;
        if (!known)
        {
            await _watch.Stop();
            lock (_lock)
            {
                _table.Clear();
                _listed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            _watch.Start(identity, this);
        }

        lock (_lock)
        {
            _table.ForgetDesired();
            _identity = identity;
            _reports = reports;
        }
    }

    /// <summary>Ends what <see cref="Attach"/> began. Calls that run are let finish; no other begins.</summary>
    public void Detach(IReportQueue reports)
    {
        lock (_lock)
        {
            if (!ReferenceEquals(_reports, reports))
                return;
            _reports = null;
            _table.ForgetDesired();
        }
    }

    /// <summary>Waits until all that the cluster holds is known.</summary>
    public Task WaitUntilListed(CancellationToken ct)
    {
        lock (_lock)
            return _listed.Task.WaitAsync(ct);
    }

    public void Desire(WorkspaceDesired desired, string traceparent)
    {
        bool accepted;
        lock (_lock)
            accepted = _table.Update(desired.WorkspaceId, r => r.WithDesired(desired, traceparent));
        if (accepted)
            _queue.Add(desired.WorkspaceId);
        else
            logger.OlderDesiredIgnored(desired.WorkspaceId, desired.Generation);
    }

    public void Remove(WorkspaceRemoved removed, string traceparent)
    {
        bool accepted;
        lock (_lock)
            accepted = _table.Update(removed.WorkspaceId, r => r.WithRemoval(removed.Generation, traceparent));
        if (accepted)
            _queue.Add(removed.WorkspaceId);
        else
            logger.OlderDesiredIgnored(removed.WorkspaceId, removed.Generation);
    }

    /// <summary>Works once more on every wish that isn't fulfilled.</summary>
    public void Retry()
    {
        IReadOnlyList<string> retried;
        lock (_lock)
            retried = _table.Retry();
        foreach (var id in retried)
            _queue.Add(id);
    }

    /// <summary>What is to be reported of one workspace now, and the trace that it belongs to.</summary>
    public (WorkspaceReport? Report, string Traceparent) ReportOf(string id)
    {
        lock (_lock)
            return _table.Report(id);
    }

    /// <summary>Everything that the cluster holds, and what failed or is gone as wished.</summary>
    public IReadOnlyList<SnapshotEntry> Snapshot()
    {
        lock (_lock)
            return _table.Snapshot();
    }

    public void Listed(IReadOnlyList<ClusterWorkspace> workspaces)
    {
        IReadOnlyList<string> changed;
        IReadOnlyList<string> toRemove;
        IReadOnlyList<string> toRepair;
        lock (_lock)
        {
            (changed, toRemove, toRepair) = _table.Listed(workspaces);
            _listed.TrySetResult();
        }

        logger.ClusterListed(workspaces.Count);
        foreach (var id in toRemove)
            _queue.Add(id);
        foreach (var id in toRepair)
            Repair(id);
        Report(changed);
    }

    public void Changed(ClusterWorkspace workspace)
    {
        bool drifted;
        lock (_lock)
            drifted = _table.Seen(workspace);
        if (drifted)
            Repair(workspace.Id);
        Report([workspace.Id]);
    }

    public void Gone(string workspaceId)
    {
        IReportQueue? reports;
        WorkKind work;
        lock (_lock)
        {
            reports = _reports;
            work = _table.Gone(workspaceId);
        }

        if (work == WorkKind.Remove)
            _queue.Add(workspaceId);
        else if (work == WorkKind.Apply)
            Repair(workspaceId);
        else
            // Nobody asked for this: the control plane decides at a snapshot what becomes of it.
            reports?.RequestResync();
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await _watch.Stop();
    }

    public override void Dispose()
    {
        _repairs.Dispose();
        _queue.Dispose();
        _watch.Dispose();
        base.Dispose();
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(Enumerable.Range(0, Workers).Select(_ => RunWorker(stoppingToken)));

    private async Task RunWorker(CancellationToken ct)
    {
        try
        {
            while (true)
            {
                var id = await _queue.Take(ct);
                try
                {
                    await Work(id, ct);
                }
                finally
                {
                    _queue.Done(id);
                }
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // The process stops.
        }
    }

    private async Task Work(string id, CancellationToken ct)
    {
        WorkspaceRecord? record;
        DriverIdentity? identity;
        lock (_lock)
        {
            record = _table.Find(id);
            identity = _reports is null ? null : _identity;
        }

        // Desired states belong to their session. Without a session there is nothing to do: the next one brings them again.
        if (record is null || identity is null || record.Work == WorkKind.None)
            return;

        var (action, generation) = (record.Work == WorkKind.Apply ? "apply" : "remove", record.DesiredGeneration);
        using var span = Tracing.StartWork($"agent.{action}", record.Traceparent);
        span?.SetTag("mesh.workspace.id", id).SetTag("mesh.generation", (long)generation);
        var traceparent = span.Traceparent(record.Traceparent);
        var start = time.GetTimestamp();
        var (change, result) = await _call.Do(record, identity, ct);
        metrics.Reconciled(action, result, time.GetElapsedTime(start));
        if (result != "done")
            span?.SetStatus(ActivityStatusCode.Error);
        Settle(record, traceparent, change);
    }

    private void Settle(WorkspaceRecord worked, string traceparent, Func<WorkspaceRecord, WorkspaceRecord> change)
    {
        var (id, generation) = (worked.Id, worked.DesiredGeneration);
        TimeSpan? retry = null;
        var drifted = false;
        lock (_lock)
        {
            _table.Update(
                id,
                r => r.DesiredGeneration == generation ? change(r) with { Traceparent = traceparent } : change(r)
            );
            if (_table.Find(id) is { Work: not WorkKind.None, Failure: { Transient: true } failure })
                retry = failure.RetryAfter + RetryPace.Delay(failure.Attempts, jitter.Next());
            else
                // Otherwise there is a newer wish, which is on its way.
                drifted =
                    _table.Find(id) is { Work: WorkKind.Apply } left && ReferenceEquals(left.Desired, worked.Desired);
        }

        if (retry is { } delay)
            _queue.AddLater(id, delay);
        if (drifted)
            Repair(id);
        Report([id]);
    }

    private void Repair(string id)
    {
        logger.Repairing(id);
        _repairs.Ask(id, _queue.Add);
    }

    private void Report(IEnumerable<string> ids)
    {
        IReportQueue? reports;
        lock (_lock)
            reports = _reports;
        foreach (var id in ids)
            reports?.Changed(id);
    }
}
