using System.Net;
using System.Threading.Channels;
using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.Simulated;
using Coder.Mesh.Agent.Tests.Fakes;
using Coder.Mesh.V1;

namespace Coder.Mesh.Agent.Tests.Simulated;

public sealed class SimulatedDriverTests
{
    private static readonly DriverIdentity Identity = new("p1", "d1");

    private readonly Heard _heard = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static SimulatedDriver Make(SimulatedOptions? simulated = null) =>
        new(simulated ?? new SimulatedOptions { Delay = TimeSpan.FromMilliseconds(20) }, TimeProvider.System);

    [Fact]
    public async Task It_says_everywhere_that_it_is_simulated()
    {
        var probe = await Make().Probe(Ct);

        Assert.Equal(("simulated", "simulated"), (probe.Facts.Driver, probe.Facts.KubernetesVersion));
        Assert.All(probe.Conditions, c => Assert.Contains("simulated", c.Message, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Identity_is_kept_where_a_file_is_named()
    {
        var file = Path.Combine(Directory.CreateTempSubdirectory("agent-tests-").FullName, "deep", "state");
        var simulated = new SimulatedOptions { StateFile = file };

        var first = await Make(simulated).Probe(Ct);
        var second = await Make(simulated).Probe(Ct);
        var other = await Make().Probe(Ct);

        Assert.Equal(first.NamespaceUid, second.NamespaceUid);
        Assert.NotEqual(first.NamespaceUid, other.NamespaceUid);
    }

    [Fact]
    public void Broken_state_file_is_an_error_and_not_another_identity()
    {
        var file = Path.GetTempFileName();
        File.WriteAllText(file, "nonsense");

        Assert.Throws<InvalidDataException>(() => Make(new SimulatedOptions { StateFile = file }));
    }

    [Fact]
    public async Task Workspace_starts_stops_and_is_deleted_step_by_step()
    {
        var driver = Make();
        using var stop = new CancellationTokenSource();
        var watching = driver.Watch(Identity, _heard, stop.Token);
        await driver.Apply(Identity, DesiredStates.Running("w1", 1), Ct);
        var started = await _heard.Until("w1", WorkspaceState.Running);
        var stopped = DesiredStates.Running("w1", 2);
        stopped.Power = WorkspacePower.Stopped;
        await driver.Apply(Identity, stopped, Ct);
        var halted = await _heard.Until("w1", WorkspaceState.Stopped);

        var found = await driver.Remove(Identity, "w1", Ct);
        var deleted = await _heard.Until("w1", null);

        Assert.Equal([(1ul, WorkspaceState.Starting), (1ul, WorkspaceState.Running)], started);
        Assert.Equal([(2ul, WorkspaceState.Stopping), (2ul, WorkspaceState.Stopped)], halted);
        Assert.True(found);
        Assert.Equal([(2ul, WorkspaceState.Deleting)], deleted);
        Assert.False(await driver.Remove(Identity, "w1", Ct));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => watching);
    }

    [Fact]
    public async Task Older_generation_changes_nothing()
    {
        var driver = Make(new SimulatedOptions { Delay = TimeSpan.Zero });
        await driver.Apply(Identity, DesiredStates.Running("w1", 5), Ct);
        await driver.Apply(Identity, DesiredStates.Running("w1", 4), Ct);
        using var stop = new CancellationTokenSource();
        _ = driver.Watch(Identity, _heard, stop.Token);

        Assert.Equal(5ul, Assert.Single(await _heard.Listing).Generation);
        await stop.CancelAsync();
    }

    [Fact]
    public async Task Full_cluster_keeps_a_workspace_waiting_until_another_stops()
    {
        var driver = Make(new SimulatedOptions { Delay = TimeSpan.FromMilliseconds(5), Capacity = 1 });
        using var stop = new CancellationTokenSource();
        _ = driver.Watch(Identity, _heard, stop.Token);
        await driver.Apply(Identity, DesiredStates.Running("w1", 1), Ct);
        await _heard.Until("w1", WorkspaceState.Running);

        await driver.Apply(Identity, DesiredStates.Running("w2", 1), Ct);
        var message = await _heard.Message("w2", "nodes are available");
        await driver.Remove(Identity, "w1", Ct);
        await _heard.Until("w2", WorkspaceState.Running);

        Assert.Equal("Simulated: 0/1 nodes are available: 1 Too many pods, 1 run at once.", message);
        await stop.CancelAsync();
    }

    [Fact]
    public async Task Api_and_conditions_fail_for_the_time_that_the_script_says()
    {
        var time = new ObservedTime();
        var driver = new SimulatedDriver(
            new SimulatedOptions
            {
                Api =
                [
                    new() { Kind = "throttled", Until = "10s" },
                    new()
                    {
                        Kind = "unreachable",
                        From = "10s",
                        Until = "20s",
                    },
                    new()
                    {
                        Kind = "slow",
                        From = "20s",
                        Delay = "3s",
                    },
                ],
                Conditions =
                [
                    new()
                    {
                        Type = "PermissionsSufficient",
                        Code = "permissions_insufficient",
                        From = "30s",
                        Until = "60s",
                    },
                ],
            },
            time
        );
        async Task<string[]> Codes() =>
            [.. (await driver.Probe(Ct)).Conditions.Select(c => c.Code).Where(c => c.Length > 0)];
        Task Apply() => driver.Apply(Identity, DesiredStates.Running("w1", 1), Ct);

        Assert.Equal("cluster_overloaded", (await Assert.ThrowsAsync<ClusterException>(Apply)).Code);
        Assert.Empty(await Codes());
        time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal("cluster_unreachable", (await Assert.ThrowsAsync<ClusterException>(Apply)).Code);
        Assert.Equal(["cluster_unreachable"], await Codes());
        time.Advance(TimeSpan.FromSeconds(10));
        var slow = Apply();
        Assert.False(slow.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(3));
        await slow;
        time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(["permissions_insufficient"], await Codes());
        time.Advance(TimeSpan.FromSeconds(30));
        Assert.Empty(await Codes());
    }

    private sealed class Heard : IClusterSink
    {
        private readonly Channel<(string Id, ClusterWorkspace? Workspace)> _changes = Channel.CreateUnbounded<(
            string,
            ClusterWorkspace?
        )>();
        private readonly TaskCompletionSource<IReadOnlyList<ClusterWorkspace>> _listed = new();

        public Task<IReadOnlyList<ClusterWorkspace>> Listing => _listed.Task;

        public void Listed(IReadOnlyList<ClusterWorkspace> workspaces) => _listed.TrySetResult(workspaces);

        public void Changed(ClusterWorkspace workspace) => _changes.Writer.TryWrite((workspace.Id, workspace));

        public void Gone(string workspaceId) => _changes.Writer.TryWrite((workspaceId, null));

        /// <summary>Everything heard of a workspace up to this state; null stands for gone.</summary>
        public async Task<List<(ulong, WorkspaceState)>> Until(string id, WorkspaceState? state)
        {
            var heard = new List<(ulong, WorkspaceState)>();
            while (true)
            {
                var (changed, workspace) = await Next();
                if (changed != id)
                    continue;
                if (workspace is not null)
                    heard.Add((workspace.Generation, workspace.State));
                if (workspace?.State == state)
                    return heard;
            }
        }

        public async Task<string> Message(string id, string part)
        {
            while (true)
            {
                var (changed, workspace) = await Next();
                if (changed == id && workspace?.Message.Contains(part, StringComparison.Ordinal) == true)
                    return workspace.Message;
            }
        }

        private Task<(string Id, ClusterWorkspace? Workspace)> Next() =>
            _changes.Reader.ReadAsync().AsTask().WaitAsync(Patience.Limit, Ct);
    }
}
