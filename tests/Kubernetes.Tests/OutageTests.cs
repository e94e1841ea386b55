using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Kubernetes;
using Coder.Mesh.V1;

namespace Coder.Mesh.Kubernetes.Tests;

/// <summary>
/// The API server is killed and comes back. Has a control plane of its own: nobody else's may go away.
/// </summary>
public sealed class OutageTests(ControlPlaneFixture fixture)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_killed_api_server_is_noticed_and_waited_for_and_nothing_is_missed_after_it_is_back()
    {
        await fixture.Get(); // skips where there is nothing to test with
        await using var controlPlane = await KubernetesControlPlane.Start(Ct);
        await using var ns = await controlPlane.CreateNamespace(TestDriver.Rules, Ct);
        await using var driver = new TestDriver(ns).Watching();
        var kept = TestDriver.NewId();
        var removed = TestDriver.NewId();
        await driver.Apply(TestDriver.Desired(kept), Ct);
        await driver.Apply(TestDriver.Desired(removed, 1, WorkspacePower.Stopped), Ct);
        await driver.Sink.Until(kept, WorkspaceState.Running, Ct);
        await driver.Sink.Until(removed, WorkspaceState.Stopped, Ct);

        await controlPlane.KillApiServer();
        var away = await driver.Driver.Probe(Ct);
        var refused = await Assert.ThrowsAsync<Agent.Clusters.ClusterException>(() => driver.Remove(removed, Ct));
        await controlPlane.StartApiServer(Ct);
        // A restarted API server has forgotten the versions that were watched from: all is listed again.
        await driver.Sink.UntilListed(2, Ct);

        Assert.Equal(
            "cluster_unreachable",
            Assert.Single(away.Conditions, c => c.Status == ConditionStatus.False).Code
        );
        Assert.Equal(ConditionTypes.ClusterReachable, away.Conditions[0].Type);
        Assert.True(refused.Transient);
        Assert.True(await driver.Remove(removed, Ct));
        await driver.Sink.UntilGone(removed, Ct);
        var back = await driver.Driver.Probe(Ct);
        Assert.All(
            back.Conditions.Where(c => ConditionTypes.Required.Contains(c.Type)),
            c => Assert.Equal(ConditionStatus.True, c.Status)
        );
        await driver.Apply(TestDriver.Desired(kept, 2, WorkspacePower.Stopped), Ct);
        Assert.Equal(2ul, (await driver.Sink.Until(kept, WorkspaceState.Stopped, Ct)).Generation);
    }
}
