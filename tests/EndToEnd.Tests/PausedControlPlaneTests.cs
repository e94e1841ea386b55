using System.Net;
using Coder.Mesh.EndToEnd.Tests.Harness;
using Coder.Mesh.Tests.Support.Network;

namespace Coder.Mesh.EndToEnd.Tests;

public sealed class PausedControlPlaneTests
{
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(1);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task R8_a_replica_that_was_stopped_while_another_took_its_agent_over_lets_it_go_when_it_wakes()
    {
        await using var mesh = await TestMesh.Start(
            Ct,
            new Dictionary<string, string> { ["Mesh__AgentStream__HeartbeatInterval"] = $"{Heartbeat:c}" }
        );
        var (owner, address) = await mesh.StartReplica(Ct);
        await using var balancer = FaultProxy.Start(EndpointOf(address), EndpointOf(mesh.Address));
        mesh.AgentAddress = balancer.Address;
        mesh.StartSimulatedAgent();
        await mesh.Agent.Line("Attached to", Ct);
        await owner.Line("attached, epoch 1", Ct);

        owner.Pause();
        await mesh.ControlPlane.Line("attached, epoch", Ct);
        var taken = await mesh.UntilProvider(TestMesh.IsReady, "the provider is Ready", Ct);
        owner.Resume();
        await owner.Line("detached, epoch 1", Ct);
        await mesh.Cli(Ct, "workspaces", "create", "dev", "--image", "example/dev:1", "--wait");

        var after = await mesh.Provider(Ct);
        Assert.Equal((taken.Agent.Epoch, true), (after.Agent.Epoch, TestMesh.IsReady(after)));
        Assert.Single(await mesh.Store.Events("presence.status_changed.v1", Ct));
    }

    private static IPEndPoint EndpointOf(string address) => IPEndPoint.Parse(new Uri(address).Authority);

    [Fact]
    public async Task A_control_plane_that_was_stopped_for_longer_than_its_agents_may_be_silent_blames_none_of_them()
    {
        await using var mesh = await TestMesh.StartReady(
            Ct,
            new Dictionary<string, string> { ["Mesh__AgentStream__HeartbeatInterval"] = $"{Heartbeat:c}" }
        );
        // The provider is Ready before its agent has been told: one that still waits for its welcome doesn't hang up.
        await mesh.Agent.Line("Attached to", Ct);
        var epoch = (await mesh.Provider(Ct)).Agent.Epoch;

        mesh.ControlPlane.Pause();
        // Nothing can be awaited of a process that is stopped: this is the time that it misses.
        await Task.Delay(6 * Heartbeat, Ct);
        mesh.ControlPlane.Resume();
        await mesh.UntilProvider(
            p => TestMesh.IsReady(p) && p.Agent.Epoch > epoch,
            "the agent, which had hung up, is attached again",
            Ct
        );
        // Past the moment at which its old session's silence would have been decided on.
        await mesh.Cli(Ct, "workspaces", "create", "dev", "--image", "example/dev:1", "--wait");

        Assert.Single(await mesh.Store.Events("presence.status_changed.v1", Ct));
    }
}
