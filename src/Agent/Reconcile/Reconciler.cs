using System.Diagnostics;
using Coder.Mesh.Agent.Base;
using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.Observability;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.Protocol;
using Coder.Mesh.Shared;

namespace Coder.Mesh.Agent.Reconcile;

/// <summary>
/// Reconciles the cluster with the desired states of the control plane, and provides the reports. Works in order for
/// each workspace and in parallel across them. Deletes only workspaces that a WorkspaceRemoved names; the absence of a
/// desired state means nothing.
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

    // The other half is reserved for work that has not failed before.
    private const int RepeatingWorkers = Workers / 2;

    private static readonly Backoff RetryPace = new(TimeSpan.FromSeconds(0.5), 2, TimeSpan.FromSeconds(30));

    private readonly Lock _lock = new();
    private readonly KeyedQueue _queue = new(time, RepeatingWorkers);

    // The agent must not follow somebody who changes objects again and again.
    private readonly PacedRepeats _repairs = new(time, MaxRepairs);
    private readonly WorkspaceTable _table = new();
    private readonly ClusterCall _call = new(driver, time, logger);
    private readonly ClusterWatchLoop _watch = new(driver, time, logger);

    // From the current session; without it, nothing is applied.
    private DriverIdentity? _identity;
    private IReportQueue? _reports;
    private TaskCompletionSource _listed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>
    /// Accepts desired states and provides reports for a session. Desired states of earlier sessions are dropped.
    /// </summary>
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

    /// <summary>Ends what <see cref="Attach"/> began. Running calls are completed; no others are started.</summary>
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

    /// <summary>Waits until the workspaces in the cluster have been listed.</summary>
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

    /// <summary>Repeats all work that is not fulfilled.</summary>
    public void Retry()
    {
        IReadOnlyList<string> retried;
        lock (_lock)
            retried = _table.Retry();
        foreach (var id in retried)
            _queue.Add(id);
    }

    /// <summary>Returns the current report of a workspace and its trace context.</summary>
    public (WorkspaceReport? Report, string Traceparent) ReportOf(string id)
    {
        lock (_lock)
            return _table.Report(id);
    }

    /// <summary>Returns all workspaces in the cluster, and those that failed or were deleted as requested.</summary>
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
            // Not requested: the control plane decides about it at a snapshot.
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

        // Desired states belong to their session. Without a session there is nothing to do: the next one sends them
        // again.
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
                // Otherwise a newer desired state will be applied.
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
