using System.Text.Json;
using System.Text.Json.Nodes;
using Coder.Mesh.Agent.Kubernetes;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.Tests.Support.Kubernetes;
using Coder.Mesh.V1;

namespace Coder.Mesh.Kubernetes.Tests;

/// <summary>HOME and the working directory are the volume that is kept, on a real API server.</summary>
public sealed class HomeTests(ControlPlaneFixture fixture)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_pod_works_in_its_home_volume()
    {
        await using var ns = await NewNamespace();
        await using var driver = new TestDriver(ns).Watching();
        var desired = TestDriver.Desired(TestDriver.NewId());

        await driver.Apply(desired, Ct);
        var held = (await driver.Sink.Until(desired.WorkspaceId, WorkspaceState.Running, Ct)).Held!;

        var container = (await Pod(ns))["spec"]!["containers"]![0]!;
        var mount = Assert.Single(container["volumeMounts"]!.AsArray())!["mountPath"]!.GetValue<string>();
        Assert.Equal((mount, mount), (Home(container), WorkingDir(container)));
        Assert.Equal(desired.Spec, held.Spec);
    }

    [Fact]
    public async Task A_pod_of_0_1_0_runs_on_and_works_in_its_home_after_a_restart()
    {
        await using var ns = await NewNamespace();
        await using var driver = new TestDriver(ns).Watching();
        var desired = await RunningUnder010(ns, driver);
        var first = await Pod(ns);

        await driver.Apply(desired, Ct);
        desired.Generation++;
        await driver.Apply(desired, Ct);
        await driver.Sink.Until(desired.WorkspaceId, WorkspaceState.Running, w => w.Generation == 3, Ct);
        var kept = await Pod(ns);
        desired.RestartGeneration = ++desired.Generation;
        await driver.Apply(desired, Ct);
        await driver.Sink.Until(desired.WorkspaceId, WorkspaceState.Running, w => w.Generation == 4, Ct);

        Assert.Equal(
            (null, null),
            (Home(first["spec"]!["containers"]![0]!), WorkingDir(first["spec"]!["containers"]![0]!))
        );
        Assert.Equal(Uid(first), Uid(kept));
        await AssertAtHome(ns);
    }

    [Fact]
    public async Task A_pod_of_0_1_0_works_in_its_home_after_a_stop_and_a_start()
    {
        await using var ns = await NewNamespace();
        await using var driver = new TestDriver(ns).Watching();
        var desired = await RunningUnder010(ns, driver);

        desired.Generation = 3;
        desired.Power = WorkspacePower.Stopped;
        await driver.Apply(desired, Ct);
        await driver.Sink.Until(desired.WorkspaceId, WorkspaceState.Stopped, Ct);
        desired.Generation = 4;
        desired.Power = WorkspacePower.Running;
        await driver.Apply(desired, Ct);
        await driver.Sink.Until(desired.WorkspaceId, WorkspaceState.Running, w => w.Generation == 4, Ct);

        await AssertAtHome(ns);
    }

    // Everything as now, but for what 0.1.0 didn't write.
    private async Task<WorkspaceDesired> RunningUnder010(TestNamespace ns, TestDriver driver)
    {
        var controlPlane = await fixture.Get();
        var desired = TestDriver.Desired(TestDriver.NewId(), power: WorkspacePower.Stopped);
        await driver.Apply(desired, Ct);
        desired.Generation = 2;
        desired.Power = WorkspacePower.Running;
        var auxiliary = AuxiliaryObjects.Of(driver.Identity, desired).Hash;
        var deployment = JsonSerializer.SerializeToNode(
            Manifests.Deployment(driver.Identity, desired, auxiliary, there: null),
            ManifestJsonContext.Default.V1Deployment
        )!;
        var container = deployment["spec"]!["template"]!["spec"]!["containers"]![0]!.AsObject();
        container.Remove("workingDir");
        container["env"]!.AsArray().RemoveAt(0);
        var path = ns.Path("deployments", $"ws-{desired.WorkspaceId}");
        await controlPlane.Admin.Apply(path, deployment, Names.FieldManager(driver.Identity), Ct);
        await driver.Sink.Until(desired.WorkspaceId, WorkspaceState.Running, w => w.Generation == 2, Ct);
        return desired;
    }

    private static async Task AssertAtHome(TestNamespace ns)
    {
        var container = (await Pod(ns))["spec"]!["containers"]![0]!;
        Assert.Equal(("/home/coder", "/home/coder"), (Home(container), WorkingDir(container)));
    }

    private static string? Home(JsonNode container) =>
        container["env"]!
            .AsArray()
            .SingleOrDefault(e => e!["name"]!.GetValue<string>() == "HOME")
            ?["value"]!.GetValue<string>();

    private static string? WorkingDir(JsonNode container) => container["workingDir"]?.GetValue<string>();

    private static string Uid(JsonNode pod) => pod["metadata"]!["uid"]!.GetValue<string>();

    private static async Task<JsonNode> Pod(TestNamespace ns) =>
        Assert.Single(await ns.List("pods", Ct), p => p["metadata"]!["deletionTimestamp"] is null);

    private async Task<TestNamespace> NewNamespace() =>
        await (await fixture.Get()).CreateNamespace(TestDriver.Rules, Ct);
}
