using System.Diagnostics.Metrics;
using Coder.Mesh.Agent.Base;
using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.Connection;
using Coder.Mesh.Agent.Observability;
using Coder.Mesh.Agent.Reconcile;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.Tests.Support.Kubernetes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Coder.Mesh.Kubernetes.Tests;

/// <summary>
/// All of the agent but its stream: what it is told to do it does, and what it would report is read here.
/// </summary>
internal sealed class ReconciledAgent : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private readonly TestDriver _driver;
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly Reconciler _reconciler;

    private ReconciledAgent(TestNamespace ns, TimeSpan? pendingTimeout)
    {
        _driver = new TestDriver(ns, pendingTimeout: pendingTimeout);
        _reconciler = new Reconciler(
            _driver.Driver,
            new AgentMetrics(_services.GetRequiredService<IMeterFactory>()),
            new Jitter(() => 0),
            TimeProvider.System,
            NullLogger<Reconciler>.Instance
        );
    }

    public DriverIdentity Identity => _driver.Identity;

    public static async Task<ReconciledAgent> Start(
        TestNamespace ns,
        CancellationToken ct,
        TimeSpan? pendingTimeout = null
    )
    {
        var agent = new ReconciledAgent(ns, pendingTimeout);
        await agent._reconciler.StartAsync(ct);
        await agent._reconciler.Attach(
            agent.Identity,
            new ReportQueue(agent._reconciler, limits: null, NullLogger.Instance)
        );
        await agent._reconciler.WaitUntilListed(ct);
        return agent;
    }

    public void Desire(WorkspaceDesired desired) => _reconciler.Desire(desired.Clone(), "");

    public void Remove(string id, ulong generation) =>
        _reconciler.Remove(new WorkspaceRemoved { WorkspaceId = id, Generation = generation }, "");

    /// <summary>As every resync does.</summary>
    public void Retry() => _reconciler.Retry();

    /// <summary>Waits until a workspace is reported so.</summary>
    public async Task<WorkspaceReport> Until(
        string id,
        string wanted,
        Predicate<WorkspaceReport> holds,
        CancellationToken ct
    )
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(Limit);
        WorkspaceReport? report = null;
        try
        {
            while (true)
            {
                report = _reconciler.ReportOf(id).Report;
                if (report is not null && holds(report))
                    return report;
                await Task.Delay(TimeSpan.FromMilliseconds(50), limit.Token);
            }
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new TimeoutException($"Awaited: {wanted}. There is: {report}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _reconciler.StopAsync(CancellationToken.None);
        _reconciler.Dispose();
        await _driver.DisposeAsync();
        await _services.DisposeAsync();
    }
}
