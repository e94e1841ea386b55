using System.Net;
using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.Observability;
using Coder.Mesh.Agent.Reconcile;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Network;
using Coder.Mesh.V1;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using NetworkFault = Coder.Mesh.Tests.Support.Network.Fault;

namespace Coder.Mesh.Kubernetes.Tests;

/// <summary>
/// A network that forgets a connection, as firewalls and failing balancers do, while a new one would go through.
/// </summary>
public sealed class FrozenConnectionTests(ControlPlaneFixture fixture)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_frozen_connection_to_a_healthy_api_is_left_before_the_cluster_counts_as_away()
    {
        var controlPlane = await fixture.Get();
        await using var ns = await controlPlane.CreateNamespace(TestDriver.Rules, Ct);
        await using var proxy = FaultProxy.Start(new IPEndPoint(IPAddress.Loopback, controlPlane.Address.Port));
        using var kubeconfig = EditedKubeconfig.At(proxy.Endpoint.Port, ns.Kubeconfig);
        await using var driver = new TestDriver(
            TestDriver.OptionsFor(ns) with
            {
                Kubeconfig = kubeconfig.Path,
            }
        ).Watching();
        await using var probing = await Probing.Start(driver);
        await probing.Until(ConditionStatus.True);
        await driver.Sink.UntilListed(1, Ct);

        proxy.SetOpen(Direction.Both, NetworkFault.Swallow);
        // Made by another: heard of only by a watch that has left the frozen connection.
        var id = TestDriver.NewId();
        await using var other = new TestDriver(ns) { Identity = driver.Identity };
        await other.Apply(TestDriver.Desired(id), Ct);
        await driver.Sink.Until(id, WorkspaceState.Running, Ct);
        await probing.UntilProbed();

        Assert.DoesNotContain(ConditionStatus.False, probing.Reachable);
    }

    /// <summary>The loop that makes conditions of probes, and what it has said of the cluster.</summary>
    private sealed class Probing : IAsyncDisposable
    {
        private readonly ServiceProvider _services = new ServiceCollection()
            .AddMetrics()
            .AddLogging(l => l.AddProvider(new OutputLog()))
            .BuildServiceProvider();
        private readonly CancellationTokenSource _stop = new();
        private readonly List<ConditionStatus> _reachable = [];
        private readonly CountingDriver _driver;
        private readonly ClusterStatus _status;
        private readonly ProbeLoop _loop;
        private Task _following = Task.CompletedTask;

        private Probing(TestDriver driver)
        {
            _driver = new CountingDriver(driver.Driver);
            _status = new ClusterStatus(new ClusterFacts());
            _loop = new ProbeLoop(
                _driver,
                _status,
                new ServerClock(),
                new ProbeOptions(TimeSpan.FromSeconds(5)),
                new AgentMetrics(_services.GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>()),
                TimeProvider.System,
                _services.GetRequiredService<ILogger<ProbeLoop>>()
            );
        }

        public IReadOnlyList<ConditionStatus> Reachable
        {
            get
            {
                lock (_reachable)
                    return [.. _reachable];
            }
        }

        public static async Task<Probing> Start(TestDriver driver)
        {
            var probing = new Probing(driver);
            await probing._loop.StartAsync(Ct);
            probing._following = probing.Follow();
            return probing;
        }

        public async Task Until(ConditionStatus status)
        {
            for (Readiness? known = null; known is null || Of(known) != status; )
                known = await _status.Next(known, Ct).WaitAsync(TimeSpan.FromSeconds(60), Ct);
        }

        /// <summary>Waits for a probe that the cluster answers.</summary>
        public Task UntilProbed() => _driver.Answered().WaitAsync(TimeSpan.FromSeconds(60), Ct);

        public async ValueTask DisposeAsync()
        {
            await _loop.StopAsync(CancellationToken.None);
            await _stop.CancelAsync();
            await _following;
            _loop.Dispose();
            _stop.Dispose();
            await _services.DisposeAsync();
        }

        private async Task Follow()
        {
            try
            {
                for (Readiness? known = null; ; )
                {
                    known = await _status.Next(known, _stop.Token);
                    lock (_reachable)
                        _reachable.Add(Of(known));
                }
            }
            catch (OperationCanceledException)
            {
                // The test is over.
            }
        }

        private static ConditionStatus Of(Readiness readiness) =>
            readiness.Conditions.First(c => c.Type == ConditionTypes.ClusterReachable).Status;
    }

    private sealed class CountingDriver(IClusterDriver driver) : IClusterDriver
    {
        private TaskCompletionSource _answered = new();

        public Task Answered()
        {
            var answered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            Volatile.Write(ref _answered, answered);
            return answered.Task;
        }

        public async Task<ClusterProbe> Probe(CancellationToken ct)
        {
            var awaited = Volatile.Read(ref _answered);
            var probe = await driver.Probe(ct);
            if (Readiness.IsReachable(probe))
                awaited.TrySetResult();
            return probe;
        }

        public Task Watch(DriverIdentity identity, IClusterSink sink, CancellationToken ct) =>
            driver.Watch(identity, sink, ct);

        public Task<ClusterRefusal?> Apply(
            DriverIdentity identity,
            Coder.Mesh.Agent.V1.WorkspaceDesired desired,
            CancellationToken ct
        ) => driver.Apply(identity, desired, ct);

        public Task<bool> Remove(DriverIdentity identity, string workspaceId, CancellationToken ct) =>
            driver.Remove(identity, workspaceId, ct);
    }
}
