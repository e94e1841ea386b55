using Coder.Mesh.Tests.Support.Kubernetes;
using Coder.Mesh.V1;

namespace Coder.Mesh.Kubernetes.Tests;

/// <summary>A workspace's life on a real API server, under a Role with exactly what the agent asks for.</summary>
public sealed class LifecycleTests(ControlPlaneFixture fixture)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Apply_makes_a_volume_and_a_deployment_with_labels_and_limits()
    {
        await using var ns = await NewNamespace();
        await using var driver = new TestDriver(ns);
        var id = TestDriver.NewId();

        await driver.Apply(TestDriver.Desired(id), Ct);

        var claim = await ns.Get("persistentvolumeclaims", $"ws-{id}", Ct);
        var deployment = await ns.Get("deployments", $"ws-{id}", Ct);
        foreach (var made in new[] { claim!, deployment!, deployment!["spec"]!["template"]! })
        {
            var labels = made["metadata"]!["labels"]!.AsObject();
            Assert.Equal("coder-mesh", labels["app.kubernetes.io/managed-by"]!.GetValue<string>());
            Assert.Equal("true", labels["com.coder.resource"]!.GetValue<string>());
            Assert.Equal(id, labels["mesh.coder.com/workspace-id"]!.GetValue<string>());
            Assert.Equal(driver.Identity.ProviderId, labels["mesh.coder.com/provider-id"]!.GetValue<string>());
            Assert.Equal("d-1", labels["mesh.coder.com/deployment-id"]!.GetValue<string>());
        }

        var resources = deployment["spec"]!["template"]!["spec"]!["containers"]![0]!["resources"]!;
        foreach (var bound in new[] { resources["requests"]!, resources["limits"]! })
        {
            Assert.Equal("500m", bound["cpu"]!.GetValue<string>());
            Assert.Equal("1Gi", bound["memory"]!.GetValue<string>());
        }

        Assert.Equal("10Gi", claim!["spec"]!["resources"]!["requests"]!["storage"]!.GetValue<string>());
        Assert.Equal("1", deployment["metadata"]!["annotations"]!["mesh.coder.com/generation"]!.GetValue<string>());
        Assert.Equal("1", claim["metadata"]!["annotations"]!["mesh.coder.com/generation"]!.GetValue<string>());
    }

    [Fact]
    public async Task What_the_objects_tell_is_what_they_were_made_from()
    {
        await using var ns = await NewNamespace();
        await using var driver = new TestDriver(ns).Watching();
        var (plain, own) = (TestDriver.Desired(TestDriver.NewId(), 3), TestDriver.Desired(TestDriver.NewId(), 4));
        own.Name = "own";
        own.Spec.Command.AddRange(["sh", "-c", "exec serve\n"]);
        own.Spec.Env.Add("GREETING", "$(USER) pays 5$$");
        own.Spec.EnvFrom.Add("tokens");
        own.RestartGeneration = 2;

        await driver.Apply(plain, Ct);
        await driver.Apply(own, Ct);

        foreach (var desired in new[] { plain, own })
        {
            var held = (await driver.Sink.Until(desired.WorkspaceId, WorkspaceState.Running, Ct)).Held!;
            Assert.Equal(
                (desired.Name, desired.Spec, desired.Generation, desired.RestartGeneration),
                (held.Name, held.Spec, held.Generation, held.RestartGeneration)
            );
        }
    }

    [Fact]
    public async Task R10_a_volume_that_is_ahead_of_the_store_tells_the_generation_that_brings_its_deployment_back()
    {
        await using var ns = await NewNamespace();
        await using var driver = new TestDriver(ns).Watching();
        var id = TestDriver.NewId();
        await driver.Apply(TestDriver.Desired(id, 5), Ct);
        await driver.Sink.Until(id, WorkspaceState.Running, Ct);
        await (await fixture.Get()).Admin.Delete(ns.Path("deployments", $"ws-{id}"), Ct);

        var alone = await driver.Sink.Until(id, WorkspaceState.Starting, w => w.Generation == 0, Ct);
        await driver.Apply(TestDriver.Desired(id, 3), Ct);
        var older = await ns.Get("deployments", $"ws-{id}", Ct);
        await driver.Apply(TestDriver.Desired(id, alone.Held!.Generation + 1), Ct);

        Assert.Null(older);
        Assert.Equal((5ul, "dev", "10Gi"), (alone.Held.Generation, alone.Held.Name, alone.Held.Spec.Disk));
        Assert.Equal(6ul, (await driver.Sink.Until(id, WorkspaceState.Running, w => w.Generation == 6, Ct)).Generation);
    }

    [Fact]
    public async Task A_workspace_starts_runs_stops_with_its_volume_kept_and_is_removed_with_all_of_it()
    {
        await using var ns = await NewNamespace();
        await using var driver = new TestDriver(ns).Watching();
        var id = TestDriver.NewId();
        Assert.Empty(await driver.Sink.UntilListed(1, Ct));

        await driver.Apply(TestDriver.Desired(id, 1), Ct);
        var running = await driver.Sink.Until(id, WorkspaceState.Running, Ct);
        Assert.Equal(1ul, running.Generation);
        Assert.Contains(
            driver.Sink.Heard,
            e => e is Agent.Clusters.ClusterWorkspace { State: WorkspaceState.Starting }
        );

        await driver.Apply(TestDriver.Desired(id, 2, WorkspacePower.Stopped), Ct);
        var stopped = await driver.Sink.Until(id, WorkspaceState.Stopped, Ct);
        Assert.Equal(2ul, stopped.Generation);
        Assert.Empty(await ns.List("pods", Ct));
        var claim = await ns.Get("persistentvolumeclaims", $"ws-{id}", Ct);
        Assert.Equal("Bound", claim!["status"]!["phase"]!.GetValue<string>());

        Assert.True(await driver.Remove(id, Ct));
        await driver.Sink.UntilGone(id, Ct);
        Assert.Null(await ns.Get("persistentvolumeclaims", $"ws-{id}", Ct));
        Assert.Null(await ns.Get("deployments", $"ws-{id}", Ct));
        Assert.False(await driver.Remove(id, Ct));
    }

    [Fact]
    public async Task A_restart_or_a_change_replaces_the_pod_and_keeps_the_volume()
    {
        await using var ns = await NewNamespace();
        await using var driver = new TestDriver(ns).Watching();
        var desired = TestDriver.Desired(TestDriver.NewId());
        await driver.Apply(desired, Ct);
        await driver.Sink.Until(desired.WorkspaceId, WorkspaceState.Running, Ct);
        var (volume, first) = (await Uid("persistentvolumeclaims"), await PodUid());

        desired.Generation = desired.RestartGeneration = 2;
        await driver.Apply(desired, Ct);
        await driver.Sink.Until(desired.WorkspaceId, WorkspaceState.Running, w => w.Generation == 2, Ct);
        var second = await PodUid();
        desired.Generation = 3;
        desired.Spec.Env.Add("EDITOR", "vim");
        await driver.Apply(desired, Ct);
        await driver.Sink.Until(desired.WorkspaceId, WorkspaceState.Running, w => w.Generation == 3, Ct);

        Assert.Distinct([first, second, await PodUid()]);
        Assert.Equal(volume, await Uid("persistentvolumeclaims"));

        async Task<string> Uid(string resource) =>
            (await ns.Get(resource, $"ws-{desired.WorkspaceId}", Ct))!["metadata"]!["uid"]!.GetValue<string>();

        async Task<string> PodUid() =>
            Assert.Single(await ns.List("pods", Ct), p => p["metadata"]!["deletionTimestamp"] is null)["metadata"]![
                "uid"
            ]!.GetValue<string>();
    }

    [Fact]
    public async Task A_running_workspace_is_removed_and_stays_deleting_until_its_pod_has_gone()
    {
        var controlPlane = await fixture.Get();
        await using var ns = await NewNamespace();
        await using var driver = new TestDriver(ns).Watching();
        var id = TestDriver.NewId();
        await driver.Apply(TestDriver.Desired(id), Ct);
        await driver.Sink.Until(id, WorkspaceState.Running, Ct);
        await controlPlane.Kubelet.Play(ns, PodPlay.Hold, Ct);

        Assert.True(await driver.Remove(id, Ct));
        await driver.Sink.Until(id, WorkspaceState.Deleting, Ct);
        Assert.True(await driver.Remove(id, Ct));
        Assert.DoesNotContain(driver.Sink.Heard, e => e is RecordingSink.GoneCall);
        await controlPlane.Kubelet.Play(ns, PodPlay.Run, Ct);
        await driver.Sink.UntilGone(id, Ct);

        Assert.Equal(WorkspaceState.Deleting, driver.Sink.Heard.OfType<Agent.Clusters.ClusterWorkspace>().Last().State);
        Assert.Empty(await ns.List("pods", Ct));
    }

    [Fact]
    public async Task What_was_there_before_the_watch_is_listed_with_its_state()
    {
        await using var ns = await NewNamespace();
        await using var driver = new TestDriver(ns);
        var id = TestDriver.NewId();
        await driver.Apply(TestDriver.Desired(id, 7, WorkspacePower.Stopped), Ct);

        driver.Watching();
        var listed = Assert.Single(await driver.Sink.UntilListed(1, Ct));

        Assert.Equal(id, listed.Id);
        Assert.Equal(7ul, listed.Generation);
    }

    [Fact]
    public async Task Another_provider_in_the_namespace_is_not_seen()
    {
        await using var ns = await NewNamespace();
        await using var other = new TestDriver(ns);
        await other.Apply(TestDriver.Desired(TestDriver.NewId()), Ct);

        await using var driver = new TestDriver(ns).Watching();

        Assert.Empty(await driver.Sink.UntilListed(1, Ct));
    }

    private async Task<TestNamespace> NewNamespace() =>
        await (await fixture.Get()).CreateNamespace(TestDriver.Rules, Ct);
}
