using System.Threading.Channels;
using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.Protocol;

namespace Coder.Mesh.Agent.Simulated;

/// <summary>
/// Driver of a cluster in memory, for development and load tests. It is recognizable as simulated everywhere.
/// </summary>
/// <remarks>A restart of the agent loses its workspaces; the control plane then has them applied again.</remarks>
internal sealed class SimulatedDriver(SimulatedOptions options, TimeProvider time) : IClusterDriver
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, SimulatedCluster> _clusters = [];
    private readonly Channel<bool> _changed = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite }
    );
    private readonly StagedApi _api = new(options, time);
    private readonly string _namespaceUid = NamespaceIdentity.Read(options.StateFile);

    private Dictionary<string, ClusterWorkspace> _touched = [];

    public Task<ClusterProbe> Probe(CancellationToken ct) =>
        Task.FromResult(
            new ClusterProbe(
                _namespaceUid,
                new ClusterFacts
                {
                    Namespace = options.Namespace,
                    KubernetesVersion = "simulated",
                    Driver = "simulated",
                },
                [.. ConditionTypes.Required.Select(_api.Condition)]
            )
        );

    public async Task Watch(DriverIdentity identity, IClusterSink sink, CancellationToken ct)
    {
        IReadOnlyList<ClusterWorkspace> all;
        lock (_lock)
        {
            all = ClusterLocked(identity).List();
            _touched = [];
        }

        sink.Listed(all);
        while (true)
        {
            await WaitForNews(identity, ct);
            Dictionary<string, ClusterWorkspace> touched;
            IReadOnlyList<(string Id, ClusterWorkspace? Workspace)> steps;
            lock (_lock)
            {
                (touched, _touched) = (_touched, []);
                steps = ClusterLocked(identity).Step(time.GetUtcNow());
            }

            foreach (var workspace in touched.Values)
                sink.Changed(workspace);
            foreach (var (id, workspace) in steps)
                if (workspace is null)
                    sink.Gone(id);
                else
                    sink.Changed(workspace);
        }
    }

    public async Task<ClusterRefusal?> Apply(DriverIdentity identity, WorkspaceDesired desired, CancellationToken ct)
    {
        await _api.Pass(ct);
        lock (_lock)
            TouchLocked(ClusterLocked(identity).Apply(desired, time.GetUtcNow()));
        _changed.Writer.TryWrite(true);
        return null;
    }

    public async Task<bool> Remove(DriverIdentity identity, string workspaceId, CancellationToken ct)
    {
        await _api.Pass(ct);
        ClusterWorkspace? removed;
        lock (_lock)
        {
            removed = ClusterLocked(identity).Remove(workspaceId, time.GetUtcNow());
            TouchLocked(removed);
        }

        _changed.Writer.TryWrite(true);
        return removed is not null;
    }

    private async Task WaitForNews(DriverIdentity identity, CancellationToken ct)
    {
        DateTimeOffset? due;
        lock (_lock)
            due = ClusterLocked(identity).NextStep;
        if (due is null)
        {
            await _changed.Reader.ReadAsync(ct);
            return;
        }

        var wait = due.Value - time.GetUtcNow();
        if (wait <= TimeSpan.Zero)
            return;
        using var step = new CancellationTokenSource(wait, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(step.Token, ct);
        try
        {
            await _changed.Reader.ReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            // A step is due.
        }
    }

    private void TouchLocked(ClusterWorkspace? workspace)
    {
        if (workspace is not null)
            _touched[workspace.Id] = workspace;
    }

    private SimulatedCluster ClusterLocked(DriverIdentity identity)
    {
        if (!_clusters.TryGetValue(identity.ProviderId, out var cluster))
            _clusters[identity.ProviderId] = cluster = new SimulatedCluster(options, _api);
        return cluster;
    }
}
