using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Coder.Mesh.Agent.Base;
using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.Connection;
using Coder.Mesh.Agent.Observability;
using Coder.Mesh.Agent.Reconcile;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.Tests.Support.Kubernetes;
using Coder.Mesh.V1;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Coder.Mesh.Kubernetes.Tests;

/// <summary>
/// The agent's reconciler on a real cluster, and in place of the control plane one that knows what is desired, and
/// sends it when a report asks for it or shows that it is lost.
/// </summary>
internal sealed class AttachedAgent : IAsyncDisposable
{
    private readonly TestDriver _driver;
    private readonly ServiceProvider _services;
    private readonly Reconciler _reconciler;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<string, WorkspaceDesired> _desired = new();
    private readonly ConcurrentDictionary<string, WorkspaceObserved> _seen = new();
    private readonly ConcurrentDictionary<string, TimelineEntry> _timeline = new();
    private ReportQueue _reports;
    private Task _session = Task.CompletedTask;

    private AttachedAgent(TestNamespace ns)
    {
        _driver = new TestDriver(ns);
        _services = new ServiceCollection()
            .AddMetrics()
            .AddLogging(l => l.AddProvider(new OutputLog()))
            .BuildServiceProvider();
        _reconciler = new Reconciler(
            _driver.Driver,
            new AgentMetrics(_services.GetRequiredService<IMeterFactory>()),
            new Jitter(() => 0.5),
            TimeProvider.System,
            _services.GetRequiredService<ILogger<Reconciler>>()
        );
        _reports = null!;
    }

    public TestDriver Driver => _driver;

    /// <summary>
    /// Frames that the control plane sent because a report asked for it, or showed what can't come of it.
    /// </summary>
    public int Resent;

    public static async Task<AttachedAgent> Start(TestNamespace ns, CancellationToken ct)
    {
        var agent = new AttachedAgent(ns);
        await agent._reconciler.StartAsync(ct);
        await agent.Attach(ct);
        return agent;
    }

    /// <summary>Another session: what was desired in the one before is forgotten by the agent.</summary>
    public async Task Attach(CancellationToken ct)
    {
        if (_reports is { } before)
            _reconciler.Detach(before);
        _reports = new ReportQueue(_reconciler, new Limits(), _services.GetRequiredService<ILogger<ReportQueue>>());
        await _reconciler.Attach(_driver.Identity, _reports);
        await _reconciler.WaitUntilListed(ct);
        _reports.QueueSnapshot();
        _session = Task.WhenAll(_session, Answer(_reports, _stop.Token), GiveSnapshots(_reports, _stop.Token));
    }

    public void Desire(WorkspaceDesired desired)
    {
        _desired[desired.WorkspaceId] = desired;
        _reconciler.Desire(desired, "");
    }

    public WorkspaceObserved? Seen(string id) => _seen.GetValueOrDefault(id);

    public IEnumerable<TimelineEntry> Timeline(string id) =>
        _timeline.Where(t => t.Key.StartsWith(id, StringComparison.Ordinal)).Select(t => t.Value);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _session;
        await _reconciler.StopAsync(CancellationToken.None);
        _reconciler.Dispose();
        await _driver.DisposeAsync();
        await _services.DisposeAsync();
        _stop.Dispose();
    }

    private async Task Answer(ReportQueue reports, CancellationToken ct)
    {
        try
        {
            while (ReferenceEquals(reports, _reports))
                foreach (var frame in await reports.Take(ct))
                    if (frame.WorkspaceObserved is { } report)
                        Hear(reports, report);
                    else
                        HearAll(reports, frame.Snapshot);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // The test is over.
        }
    }

    private async Task GiveSnapshots(ReportQueue reports, CancellationToken ct)
    {
        try
        {
            while (true)
            {
                await reports.WaitForResyncRequest(ct);
                reports.QueueSnapshot();
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // The test is over.
        }
    }

    private void HearAll(ReportQueue reports, Snapshot snapshot)
    {
        foreach (var report in snapshot.Workspaces)
            Hear(reports, report);
        if (!snapshot.Complete)
            return;
        var held = snapshot.Workspaces.Select(w => w.WorkspaceId).ToHashSet();
        foreach (var (id, desired) in _desired)
            if (!held.Contains(id))
                Resend(desired);
    }

    private void Hear(ReportQueue reports, WorkspaceObserved report)
    {
        reports.Acknowledge(new ObservedAck { WorkspaceId = report.WorkspaceId, Version = report.Version });
        var before = _seen.GetValueOrDefault(report.WorkspaceId);
        _seen[report.WorkspaceId] = report;
        foreach (var entry in report.Timeline)
            _timeline[$"{report.WorkspaceId}/{entry.Id}"] = entry;
        if (
            _desired.TryGetValue(report.WorkspaceId, out var desired)
            && (
                report.ResendDesired
                || report.Generation < before?.Generation
                || (report.Generation == desired.Generation && IsAgainst(desired.Power, report.State))
            )
        )
            Resend(desired);
    }

    private static bool IsAgainst(WorkspacePower power, WorkspaceState seen) =>
        power == WorkspacePower.Running
            ? seen is WorkspaceState.Stopping or WorkspaceState.Stopped
            : seen is WorkspaceState.Starting or WorkspaceState.Running;

    private void Resend(WorkspaceDesired desired)
    {
        Interlocked.Increment(ref Resent);
        _reconciler.Desire(desired, "");
    }
}
