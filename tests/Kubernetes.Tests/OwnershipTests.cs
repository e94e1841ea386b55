using System.Text.Json.Nodes;
using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.Kubernetes;
using Coder.Mesh.Tests.Support.Kubernetes;
using Coder.Mesh.V1;

namespace Coder.Mesh.Kubernetes.Tests;

/// <summary>What the agent must not overwrite, delete or bring back.</summary>
public sealed class OwnershipTests(ControlPlaneFixture fixture)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task R10_an_older_generation_changes_nothing()
    {
        await using var ns = await NewNamespace();
        await using var driver = new TestDriver(ns);
        var id = TestDriver.NewId();
        await driver.Apply(TestDriver.Desired(id, 5, WorkspacePower.Stopped), Ct);
        var before = await ns.Get("deployments", $"ws-{id}", Ct);

        await driver.Apply(TestDriver.Desired(id, 4, image: "registry.example/older:1"), Ct);

        var after = await ns.Get("deployments", $"ws-{id}", Ct);
        Assert.Equal(before!["spec"]!.ToJsonString(), after!["spec"]!.ToJsonString());
        Assert.Equal("5", after["metadata"]!["annotations"]!["mesh.coder.com/generation"]!.GetValue<string>());
    }

    [Fact]
    public async Task R10_an_older_generation_does_not_bring_back_a_deployment_beside_a_newer_volume()
    {
        await using var ns = await NewNamespace();
        await using var driver = new TestDriver(ns);
        var id = TestDriver.NewId();
        await driver.Apply(TestDriver.Desired(id, 5), Ct);
        await (await fixture.Get()).Admin.Delete(ns.Path("deployments", $"ws-{id}"), Ct);

        await driver.Apply(TestDriver.Desired(id, 4), Ct);

        Assert.Null(await ns.Get("deployments", $"ws-{id}", Ct));
    }

    [Fact]
    public async Task R10_what_was_decided_from_nothing_does_not_overwrite_what_came_meanwhile()
    {
        await using var ns = await NewNamespace();
        await using var driver = new TestDriver(ns);
        var id = TestDriver.NewId();
        await driver.Apply(TestDriver.Desired(id, 2), Ct);

        var refused = await Assert.ThrowsAsync<ApiException>(() => ApplyDecidedFrom(driver, null, id, generation: 1));

        Assert.True(refused.Stale, refused.Message);
        var now = await ns.Get("deployments", $"ws-{id}", Ct);
        Assert.Equal("2", now!["metadata"]!["annotations"]!["mesh.coder.com/generation"]!.GetValue<string>());
    }

    [Fact]
    public async Task R10_what_was_decided_from_an_object_changed_since_is_refused()
    {
        await using var ns = await NewNamespace();
        await using var driver = new TestDriver(ns);
        var id = TestDriver.NewId();
        await driver.Apply(TestDriver.Desired(id, 1, WorkspacePower.Stopped), Ct);
        var read = await driver.Api.Get(ApiResource.Deployments, $"ws-{id}", Ct);
        await driver.Apply(TestDriver.Desired(id, 3, WorkspacePower.Stopped), Ct);

        var refused = await Assert.ThrowsAsync<ApiException>(() => ApplyDecidedFrom(driver, read!.Metadata, id, 2));

        Assert.True(refused.Stale, refused.Message);
    }

    [Fact]
    public async Task R10_what_was_decided_from_an_object_deleted_since_does_not_bring_it_back()
    {
        await using var ns = await NewNamespace();
        await using var driver = new TestDriver(ns);
        var id = TestDriver.NewId();
        await driver.Apply(TestDriver.Desired(id), Ct);
        var read = await driver.Api.Get(ApiResource.Deployments, $"ws-{id}", Ct);
        await (await fixture.Get()).Admin.Delete(ns.Path("deployments", $"ws-{id}"), Ct);

        var refused = await Assert.ThrowsAsync<ApiException>(() => ApplyDecidedFrom(driver, read!.Metadata, id, 2));

        Assert.True(refused.Stale, refused.Message);
        Assert.Null(await ns.Get("deployments", $"ws-{id}", Ct));
    }

    [Fact]
    public async Task R10_a_delete_decided_from_an_object_changed_since_is_refused()
    {
        await using var ns = await NewNamespace();
        await using var driver = new TestDriver(ns);
        var id = TestDriver.NewId();
        await driver.Apply(TestDriver.Desired(id, 1, WorkspacePower.Stopped), Ct);
        var read = await driver.Api.Get(ApiResource.Deployments, $"ws-{id}", Ct);
        await driver.Apply(TestDriver.Desired(id, 2, WorkspacePower.Stopped), Ct);

        var refused = await Assert.ThrowsAsync<ApiException>(() =>
            driver.Api.Delete(ApiResource.Deployments, read!.Metadata, Ct)
        );

        Assert.True(refused.Stale, refused.Message);
        Assert.NotNull(await ns.Get("deployments", $"ws-{id}", Ct));
    }

    [Fact]
    public async Task R10_callers_at_the_same_time_end_at_the_newest_generation()
    {
        await using var ns = await NewNamespace();
        await using var driver = new TestDriver(ns);
        var id = TestDriver.NewId();

        await Task.WhenAll(Enumerable.Range(1, 4).Select(g => driver.Apply(TestDriver.Desired(id, (ulong)g), Ct)));

        var now = await ns.Get("deployments", $"ws-{id}", Ct);
        Assert.Equal("4", now!["metadata"]!["annotations"]!["mesh.coder.com/generation"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("deployments")]
    [InlineData("persistentvolumeclaims")]
    public async Task R11_an_object_of_somebody_else_is_neither_changed_nor_deleted(string resource)
    {
        await using var ns = await NewNamespace();
        await using var other = new TestDriver(ns);
        await using var driver = new TestDriver(ns);
        var id = TestDriver.NewId();
        await other.Apply(TestDriver.Desired(id, 1, WorkspacePower.Stopped), Ct);
        var spared = resource == "deployments" ? "persistentvolumeclaims" : "deployments";
        await (await fixture.Get()).Admin.Delete(ns.Path(spared, $"ws-{id}"), Ct);
        await (await fixture.Get()).Admin.Until(ns.Path(spared, $"ws-{id}"), gone => gone is null, Ct);

        var refused = await Assert.ThrowsAsync<ClusterException>(() => driver.Apply(TestDriver.Desired(id, 9), Ct));
        var removed = await driver.Remove(id, Ct);

        Assert.Equal("foreign_object", refused.Code);
        Assert.False(refused.Transient);
        Assert.Contains($"ws-{id}", refused.Message, StringComparison.Ordinal);
        Assert.False(removed);
        Assert.Equal("1", Annotation(await ns.Get(resource, $"ws-{id}", Ct)));
        Assert.Null(await ns.Get(spared, $"ws-{id}", Ct));
    }

    [Fact]
    public async Task A_field_that_another_manager_holds_is_left_and_named()
    {
        await using var ns = await NewNamespace();
        await using var driver = new TestDriver(ns);
        var id = TestDriver.NewId();
        await driver.Apply(TestDriver.Desired(id, 1, WorkspacePower.Stopped), Ct);
        var path = ns.Path("deployments", $"ws-{id}");
        var theirs = new JsonObject
        {
            ["apiVersion"] = "apps/v1",
            ["kind"] = "Deployment",
            ["metadata"] = new JsonObject { ["name"] = $"ws-{id}" },
            ["spec"] = new JsonObject { ["replicas"] = 3 },
        };
        await (await fixture.Get()).Admin.Apply(path, theirs, "somebody-else", Ct);

        var conflict = await Assert.ThrowsAsync<ClusterException>(() => driver.Apply(TestDriver.Desired(id, 2), Ct));

        Assert.Equal("field_conflict", conflict.Code);
        Assert.Contains(".spec.replicas", conflict.Message, StringComparison.Ordinal);
        Assert.Contains("somebody-else", conflict.Message, StringComparison.Ordinal);
        Assert.Equal(3, (await ns.Get("deployments", $"ws-{id}", Ct))!["spec"]!["replicas"]!.GetValue<int>());
    }

    [Fact]
    public async Task A_field_that_somebody_has_changed_is_set_back_until_it_is_a_fight()
    {
        await using var ns = await NewNamespace();
        var time = new LaterTime();
        await using var driver = new TestDriver(ns, time);
        var id = TestDriver.NewId();
        var stopped = TestDriver.Desired(id, 1, WorkspacePower.Stopped);
        await driver.Apply(stopped, Ct);
        var admin = (await fixture.Get()).Admin;
        Task Change() =>
            admin.Patch(
                $"{ns.Path("deployments", $"ws-{id}")}?fieldManager=autoscaler",
                JsonNode.Parse("""{"spec":{"replicas":3}}""")!,
                Ct
            );
        async Task<int> Replicas() =>
            (await ns.Get("deployments", $"ws-{id}", Ct))!["spec"]!["replicas"]!.GetValue<int>();

        for (var i = 0; i < ReclaimLimiter.Max; i++)
        {
            await Change();
            Assert.Null(await driver.Apply(stopped, Ct));
            Assert.Equal(0, await Replicas());
        }

        await Change();
        var running = TestDriver.Desired(id, 1);
        var conflict = await Assert.ThrowsAsync<ClusterException>(() => driver.Apply(running, Ct));
        Assert.Equal((3, "field_conflict"), (await Replicas(), conflict.Code));
        Assert.Contains("autoscaler", conflict.Message, StringComparison.Ordinal);
        time.Ahead = TimeSpan.FromMinutes(10);
        Assert.Null(await driver.Apply(running, Ct));
        Assert.Equal(1, await Replicas());
    }

    [Fact]
    public async Task An_unchanged_volume_is_not_applied_again()
    {
        await using var ns = await NewNamespace();
        await using var driver = new TestDriver(ns);
        var id = TestDriver.NewId();
        await driver.Apply(TestDriver.Desired(id, 1, WorkspacePower.Stopped), Ct);
        var bound = await (await fixture.Get()).Admin.Until(
            ns.Path("persistentvolumeclaims", $"ws-{id}"),
            claim => claim!["status"]!["phase"]!.GetValue<string>() == "Bound",
            Ct
        );

        await driver.Apply(TestDriver.Desired(id, 2, WorkspacePower.Stopped), Ct);

        var after = await ns.Get("persistentvolumeclaims", $"ws-{id}", Ct);
        Assert.Equal(
            bound!["metadata"]!["resourceVersion"]!.GetValue<string>(),
            after!["metadata"]!["resourceVersion"]!.GetValue<string>()
        );
    }

    [Fact]
    public async Task A_volume_that_would_have_to_shrink_stays_as_it_is_and_that_is_said()
    {
        await using var ns = await NewNamespace();
        await using var driver = new TestDriver(ns);
        var id = TestDriver.NewId();
        await driver.Apply(TestDriver.Desired(id, 1, WorkspacePower.Stopped), Ct);
        await (await fixture.Get()).Admin.Until(
            ns.Path("persistentvolumeclaims", $"ws-{id}"),
            claim => claim!["status"]!["phase"]!.GetValue<string>() == "Bound",
            Ct
        );
        var smaller = TestDriver.Desired(id, 2, WorkspacePower.Stopped);
        smaller.Spec.Disk = "1Gi";

        var refused = await driver.Apply(smaller, Ct);

        Assert.Equal(new ClusterRefusal("disk_resize_refused", "The disk has 10Gi and can't shrink to 1Gi."), refused);
        var claim = await ns.Get("persistentvolumeclaims", $"ws-{id}", Ct);
        Assert.Equal("10Gi", claim!["spec"]!["resources"]!["requests"]!["storage"]!.GetValue<string>());
    }

    private static Task ApplyDecidedFrom(TestDriver driver, ObjectMeta? read, string id, ulong generation)
    {
        var desired = TestDriver.Desired(id, generation);
        var manifest = Manifests.Deployment(driver.Identity, desired, auxiliary: "", there: null);
        Precondition.On(manifest.Metadata, read);
        return driver.Api.Apply(
            ApiResource.Deployments,
            manifest.Metadata.Name,
            manifest,
            ManifestJsonContext.Default.V1Deployment,
            Names.FieldManager(driver.Identity),
            force: false,
            Ct
        );
    }

    private static string? Annotation(JsonNode? made) =>
        made?["metadata"]?["annotations"]?["mesh.coder.com/generation"]?.GetValue<string>();

    private async Task<TestNamespace> NewNamespace() =>
        await (await fixture.Get()).CreateNamespace(TestDriver.Rules, Ct);
}
