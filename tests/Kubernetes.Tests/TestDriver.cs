using System.Diagnostics.Metrics;
using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.Kubernetes;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.Tests.Support.Kubernetes;
using Coder.Mesh.V1;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Coder.Mesh.Kubernetes.Tests;

/// <summary>The driver as the agent has it, in a namespace of its own, watching.</summary>
internal sealed class TestDriver : IAsyncDisposable
{
    private readonly ServiceProvider _services;
    private readonly CancellationTokenSource _stop = new();
    private Task _watch = Task.CompletedTask;

    public TestDriver(KubernetesOptions options, TimeProvider? time = null)
    {
        _services = new ServiceCollection()
            .AddLogging(logging => logging.SetMinimumLevel(LogLevel.Debug).AddProvider(new OutputLog()))
            .AddSingleton(time ?? TimeProvider.System)
            .AddKubernetesDriver(options)
            .BuildServiceProvider();
        Driver = _services.GetRequiredService<IClusterDriver>();
    }

    public TestDriver(TestNamespace ns, TimeProvider? time = null, TimeSpan? pendingTimeout = null)
        : this(OptionsFor(ns) with { PendingTimeout = pendingTimeout ?? TimeSpan.FromMinutes(10) }, time) { }

    public IClusterDriver Driver { get; }

    public KubernetesApi Api => _services.GetRequiredService<KubernetesApi>();

    /// <summary>What Welcome would have told.</summary>
    public WelcomedDetails Details => _services.GetRequiredService<WelcomedDetails>();

    public DriverIdentity Identity { get; init; } = new($"p-{Guid.NewGuid():n}", "d-1");

    public RecordingSink Sink { get; } = new();

    public static KubernetesOptions OptionsFor(TestNamespace ns) =>
        new() { Kubeconfig = ns.Kubeconfig, RelistJitter = TimeSpan.Zero };

    /// <summary>Exactly what the agent says that it needs.</summary>
    public static IEnumerable<PolicyRule> Rules(string ns) =>
        RequiredPermissions.In(ns).Select(p => new PolicyRule(p.Group, p.Resource, p.Verbs, p.Name));

    public static string NewId() => Guid.NewGuid().ToString("n");

    public static WorkspaceDesired Desired(
        string id,
        ulong generation = 1,
        WorkspacePower power = WorkspacePower.Running,
        string image = "registry.example/dev:1"
    ) =>
        new()
        {
            WorkspaceId = id,
            Generation = generation,
            Power = power,
            Name = "dev",
            Spec = new WorkspaceSpec
            {
                Image = image,
                Cpu = "500m",
                Memory = "1Gi",
                Disk = "10Gi",
            },
        };

    /// <summary>Listens to this driver's request counter and to no other's.</summary>
    public void EnableIfItsOwn(Instrument instrument, MeterListener listener)
    {
        if (
            instrument.Name == "mesh.kubernetes.requests"
            && instrument.Meter.Scope == _services.GetRequiredService<IMeterFactory>()
        )
            listener.EnableMeasurementEvents(instrument);
    }

    public TestDriver Watching()
    {
        _watch = Driver.Watch(Identity, Sink, _stop.Token);
        return this;
    }

    public Task<ClusterRefusal?> Apply(WorkspaceDesired desired, CancellationToken ct) =>
        Driver.Apply(Identity, desired, ct);

    public Task<bool> Remove(string id, CancellationToken ct) => Driver.Remove(Identity, id, ct);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            _watch.IsCompletedSuccessfully ? throw new OperationCanceledException() : _watch
        );
        _stop.Dispose();
        await _services.DisposeAsync();
    }
}
