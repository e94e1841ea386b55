using System.Net;
using Coder.Mesh.EndToEnd.Tests.Harness;
using Coder.Mesh.Tests.Support.Network;
using Coder.Mesh.V1;

namespace Coder.Mesh.EndToEnd.Tests;

/// <summary>The stream through a network that misbehaves, with a heartbeat a second.</summary>
public sealed class NetworkTests : IAsyncDisposable
{
    private TestMesh? _mesh;
    private FaultProxy? _proxy;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private TestMesh Mesh => _mesh!;

    private FaultProxy Proxy => _proxy!;

    [Theory]
    [InlineData(Direction.Both)]
    [InlineData(Direction.ToUpstream)]
    [InlineData(Direction.ToClient)]
    public async Task A_proxy_that_swallows_the_stream_in_silence_is_noticed_and_the_agent_is_back_by_itself(
        Direction way
    )
    {
        var before = await StartBehindProxy();
        var hung = Assert.Single(Proxy.Connections);

        var redial = Proxy.Next();
        Proxy.SetOpen(way, Fault.Swallow);
        var fresh = await redial.WaitAsync(TimeSpan.FromSeconds(60), Ct);
        var back = await Mesh.UntilProvider(
            p => TestMesh.IsReady(p) && p.Agent.Epoch > before.Agent.Epoch,
            "the agent is back",
            Ct
        );

        // What is left of the old stream ends only now, and is nobody's news any more.
        hung.Reset();
        await hung.Ended.WaitAsync(TimeSpan.FromSeconds(60), Ct);
        await Runs(await Create("dev"));
        var after = await Mesh.Provider(Ct);
        Assert.Equal((back.Agent.Epoch, true, ""), (after.Agent.Epoch, TestMesh.IsReady(after), after.StatusCode));
        Assert.Equal([fresh], Proxy.Connections);
    }

    [Fact]
    public async Task A_reset_in_the_middle_of_a_frame_loses_nothing()
    {
        await StartBehindProxy();
        var names = new List<string>();

        foreach (var bytes in new[] { 1, 12, 40, 150 })
        foreach (var way in new[] { Direction.ToUpstream, Direction.ToClient })
        {
            var cut = Assert.Single(Proxy.Connections);
            var redial = Proxy.Next();
            cut.Set(way, Fault.ResetAfter(bytes));
            names.Add(await Create($"dev-{names.Count}"));
            var fresh = await redial.WaitAsync(TimeSpan.FromSeconds(60), Ct);
            Assert.True(cut.WasReset);
            await Mesh.UntilProvider(TestMesh.IsReady, "the agent is back", Ct);
            Assert.NotSame(cut, fresh);
        }

        foreach (var name in names)
            await Runs(name);
        Assert.Equal(names.Count, (await Mesh.Store.Events("workspace.created.v1", Ct)).Count);
        await StatusNeverChanged();
    }

    [Fact]
    public async Task What_is_wished_while_the_agent_is_cut_off_is_done_when_it_is_back()
    {
        await StartBehindProxy();
        foreach (var name in new[] { "stopped", "started", "deleted" })
            await Runs(await Create(name));

        Proxy.Set(Direction.Both, Fault.ResetAfter(0));
        await Mesh.UntilProvider(p => !p.Agent.Attached, "the agent is cut off", Ct);
        await Stop("stopped");
        await Stop("started");
        await Mesh.Workspaces.StartWorkspaceAsync(
            new() { Workspace = "started" },
            deadline: TestMesh.Deadline,
            cancellationToken: Ct
        );
        var deleted = await Mesh.Workspaces.DeleteWorkspaceAsync(
            new() { Workspace = "deleted" },
            deadline: TestMesh.Deadline,
            cancellationToken: Ct
        );
        await Create("new");
        Proxy.Set(Direction.Both, Fault.None);

        await Is("stopped", WorkspaceState.Stopped, generation: 2);
        await Is("started", WorkspaceState.Running, generation: 3);
        await Is("new", WorkspaceState.Running, generation: 1);
        await Is(deleted.Workspace.Id, WorkspaceState.Deleted, generation: 2);
        await StatusNeverChanged();
    }

    [Fact]
    public async Task A_slow_network_makes_everything_late_and_ends_no_session()
    {
        var before = await StartBehindProxy();
        Proxy.Set(Direction.Both, Fault.Delay(TimeSpan.FromMilliseconds(700)));

        var names = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Create($"dev-{i}")));
        foreach (var name in names)
            await Runs(name);
        foreach (var name in names)
            await Stop(name);
        foreach (var name in names)
            await Is(name, WorkspaceState.Stopped, generation: 2);

        Assert.Equal(before.Agent.Epoch, (await Mesh.Provider(Ct)).Agent.Epoch);
        await StatusNeverChanged();
    }

    [Fact]
    public async Task Dials_that_are_accepted_and_then_met_with_silence_are_given_up_and_the_next_one_that_works_attaches()
    {
        var before = await StartBehindProxy();

        Proxy.Set(Direction.ToClient, Fault.Swallow);
        var (second, third) = (await Redial(), await Redial());
        Proxy.Set(Direction.ToClient, Fault.None);

        await Mesh.UntilProvider(
            p => TestMesh.IsReady(p) && p.Agent.Epoch > before.Agent.Epoch,
            "the agent is back",
            Ct
        );
        Assert.NotSame(second, third);
        await Runs(await Create("dev"));
    }

    public async ValueTask DisposeAsync()
    {
        if (_mesh is not null)
            await _mesh.DisposeAsync();
        if (_proxy is not null)
            await _proxy.DisposeAsync();
    }

    private async Task<Provider> StartBehindProxy()
    {
        var brisk = new Dictionary<string, string> { ["Mesh__AgentStream__HeartbeatInterval"] = "00:00:01" };
        _mesh = await TestMesh.Start(Ct, brisk);
        _proxy = FaultProxy.Start(IPEndPoint.Parse(new Uri(_mesh.Address).Authority));
        _mesh.AgentAddress = _proxy.Address;
        _mesh.StartSimulatedAgent();
        return await _mesh.UntilProvider(TestMesh.IsReady, "the provider is Ready", Ct);
    }

    private Task<ProxiedConnection> Redial() => Proxy.Next().WaitAsync(TimeSpan.FromSeconds(60), Ct);

    private async Task<string> Create(string name)
    {
        var request = new CreateWorkspaceRequest
        {
            Name = name,
            Spec = new WorkspaceSpec
            {
                Image = "registry.example/dev:1",
                Cpu = "500m",
                Memory = "1Gi",
                Disk = "10Gi",
            },
        };
        await Mesh.Workspaces.CreateWorkspaceAsync(request, deadline: TestMesh.Deadline, cancellationToken: Ct);
        return name;
    }

    private async Task Stop(string name) =>
        await Mesh.Workspaces.StopWorkspaceAsync(
            new() { Workspace = name },
            deadline: TestMesh.Deadline,
            cancellationToken: Ct
        );

    private Task Runs(string name) => Is(name, WorkspaceState.Running, generation: 1);

    private Task Is(string workspace, WorkspaceState state, ulong generation) =>
        Eventually.Is(
            async () =>
            {
                var request = new GetWorkspaceRequest { Workspace = workspace };
                var answer = await Mesh.Workspaces.GetWorkspaceAsync(
                    request,
                    deadline: TestMesh.Deadline,
                    cancellationToken: Ct
                );
                return answer.Workspace;
            },
            w => w.State == state && w.ObservedGeneration == generation && w.Generation == generation,
            $"{workspace} is {state} at generation {generation}",
            Ct
        );

    // Pending to Ready at first, and nothing since.
    private async Task StatusNeverChanged() => Assert.Single(await Mesh.Store.Events("presence.status_changed.v1", Ct));
}
