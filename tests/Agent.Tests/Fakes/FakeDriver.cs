using System.Threading.Channels;
using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.Protocol;
using Coder.Mesh.V1;

namespace Coder.Mesh.Agent.Tests.Fakes;

/// <summary>A cluster that holds what a test says, and remembers what it was asked.</summary>
internal sealed class FakeDriver : IClusterDriver
{
    private readonly Channel<(DriverIdentity Identity, WorkspaceDesired Desired)> _applied = Channel.CreateUnbounded<(
        DriverIdentity,
        WorkspaceDesired
    )>();
    private readonly Channel<string> _removed = Channel.CreateUnbounded<string>();
    private readonly Channel<(DriverIdentity Identity, IClusterSink Sink)> _watches = Channel.CreateUnbounded<(
        DriverIdentity,
        IClusterSink
    )>();

    public Func<CancellationToken, Task<ClusterProbe>> OnProbe { get; set; } = _ => Task.FromResult(Reachable("ns-1"));

    public Func<WorkspaceDesired, Task> OnApply { get; set; } = _ => Task.CompletedTask;

    /// <summary>What is refused of a wish that is applied otherwise; null for nothing.</summary>
    public Func<WorkspaceDesired, ClusterRefusal?> Refuses { get; set; } = _ => null;

    public Func<string, Task<bool>> OnRemove { get; set; } = _ => Task.FromResult(false);

    /// <summary>What a watch lists at once; null to let the test list.</summary>
    public IReadOnlyList<ClusterWorkspace>? Holds { get; set; } = [];

    public IClusterSink? Sink { get; private set; }

    public static ClusterProbe Reachable(string uid) =>
        new(
            uid,
            new ClusterFacts
            {
                Namespace = "dev",
                KubernetesVersion = "v1.31.2",
                Driver = "kubernetes",
            },
            [.. ConditionTypes.Required.Select(type => new ProbedCondition(type, ConditionStatus.True))]
        );

    public static ClusterProbe Unreachable { get; } =
        new(
            "",
            new ClusterFacts(),
            [
                new ProbedCondition(
                    ConditionTypes.ClusterReachable,
                    ConditionStatus.False,
                    "cluster_unreachable",
                    "refused"
                ),
            ]
        );

    public Task<ClusterProbe> Probe(CancellationToken ct) => OnProbe(ct);

    public async Task Watch(DriverIdentity identity, IClusterSink sink, CancellationToken ct)
    {
        Sink = sink;
        await _watches.Writer.WriteAsync((identity, sink), ct);
        if (Holds is { } holds)
            sink.Listed(holds);
        await Task.Delay(Timeout.Infinite, ct);
    }

    public async Task<ClusterRefusal?> Apply(DriverIdentity identity, WorkspaceDesired desired, CancellationToken ct)
    {
        _applied.Writer.TryWrite((identity, desired));
        await OnApply(desired);
        return Refuses(desired);
    }

    public Task<bool> Remove(DriverIdentity identity, string workspaceId, CancellationToken ct)
    {
        _removed.Writer.TryWrite(workspaceId);
        return OnRemove(workspaceId);
    }

    public Task<(DriverIdentity Identity, WorkspaceDesired Desired)> NextApplied() => Next(_applied.Reader);

    public Task<string> NextRemoved() => Next(_removed.Reader);

    public Task<(DriverIdentity Identity, IClusterSink Sink)> NextWatch() => Next(_watches.Reader);

    public bool NothingApplied => !_applied.Reader.TryPeek(out _);

    private static Task<T> Next<T>(ChannelReader<T> reader) =>
        reader.ReadAsync().AsTask().WaitAsync(Patience.Limit, TestContext.Current.CancellationToken);
}
