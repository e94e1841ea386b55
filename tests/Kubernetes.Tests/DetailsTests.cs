using System.Text.Json.Nodes;
using Coder.Mesh.Tests.Support.Kubernetes;
using Coder.Mesh.V1;

namespace Coder.Mesh.Kubernetes.Tests;

/// <summary>What a provider's details say of workspaces, on a real API server with its scheduler.</summary>
public sealed class DetailsTests(ControlPlaneFixture fixture)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Details_decide_where_the_pod_runs_and_the_next_ones_take_their_place()
    {
        var controlPlane = await fixture.Get();
        await using var ns = await controlPlane.CreateNamespace(TestDriver.Rules, Ct);
        await using var driver = new TestDriver(ns).Watching();
        var desired = TestDriver.Desired(TestDriver.NewId());
        desired.Details = new WorkspaceDetails
        {
            Tolerations =
            {
                new Toleration { Key = "gpu", Operator = "Exists" },
            },
            NodeSelector = { ["kubernetes.io/hostname"] = "nowhere" },
            ServiceAccountAnnotations = { ["example.com/role"] = "jo@example.com" },
        };

        await driver.Apply(desired, Ct);
        var kept = await driver.Sink.Until(desired.WorkspaceId, WorkspaceState.Starting, w => w.Code.Length > 0, Ct);
        var first = await Annotations();
        desired.Generation = 2;
        desired.Details = new WorkspaceDetails
        {
            NodeSelector = { ["kubernetes.io/hostname"] = controlPlane.Node.Name },
            Affinity = $$"""
                { "nodeAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": { "nodeSelectorTerms": [
                  { "matchFields": [{ "key": "metadata.name", "operator": "In", "values": ["{{controlPlane.Node.Name}}"] }] }
                ] } } }
                """,
            ServiceAccountAnnotations = { ["example.com/other"] = "x" },
            ImagePullSecrets = { "regcred", "eu.registry" },
        };
        await driver.Apply(desired, Ct);
        await driver.Sink.Until(desired.WorkspaceId, WorkspaceState.Running, w => w.Generation == 2, Ct);

        var pod = Assert.Single(await ns.List("pods", Ct), p => p["metadata"]!["deletionTimestamp"] is null);
        Assert.Equal(
            """[{"name":"regcred"},{"name":"eu.registry"}]""",
            pod["spec"]!["imagePullSecrets"]!.ToJsonString()
        );
        Assert.Equal("unschedulable", kept.Code);
        Assert.Contains("didn't match Pod's node affinity", kept.Message, StringComparison.Ordinal);
        Assert.Equal("jo@example.com", first["example.com/role"]!.GetValue<string>());
        var second = await Annotations();
        Assert.Equal(
            ["example.com/other", "mesh.coder.com/workspace-name"],
            second.Select(a => a.Key).Order(StringComparer.Ordinal)
        );

        async Task<JsonObject> Annotations() =>
            (await ns.Get("serviceaccounts", $"ws-{desired.WorkspaceId}", Ct))!["metadata"]!["annotations"]!.AsObject();
    }

    [Theory]
    [InlineData(
        """{ "podAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": [{ "labelSelector": {} }] } }""",
        "topologyKey: Required value"
    )]
    [InlineData("""{ "nodeAffinity": { "required": {} } }""", "required")]
    [InlineData("""{ "podAffinity": [] }""", "podAffinity")]
    [InlineData("[", "The affinity of the provider's details is not JSON.")]
    public async Task An_affinity_that_is_none_is_told_in_words_and_nothing_of_it_is_applied(
        string affinity,
        string words
    )
    {
        await using var ns = await (await fixture.Get()).CreateNamespace(TestDriver.Rules, Ct);
        await using var driver = new TestDriver(ns);
        var desired = TestDriver.Desired(TestDriver.NewId());
        desired.Details = new WorkspaceDetails { Affinity = affinity };

        var refused = await Assert.ThrowsAsync<Agent.Clusters.ClusterException>(() => driver.Apply(desired, Ct));

        Assert.Equal((Agent.Clusters.ClusterCodes.InvalidObject, false), (refused.Code, refused.Transient));
        Assert.Contains(words, refused.Message, StringComparison.Ordinal);
        Assert.Null(await ns.Get("deployments", $"ws-{desired.WorkspaceId}", Ct));
    }

    [Fact]
    public async Task A_disk_grows_where_its_storage_class_lets_it_and_elsewhere_the_cluster_says_why_not()
    {
        var controlPlane = await fixture.Get();
        await using var ns = await controlPlane.CreateNamespace(TestDriver.Rules, Ct);
        await using var driver = new TestDriver(ns).Watching();
        var (elastic, rigid) = (await Class(expands: true), await Class(expands: false));

        var grown = await Grow(elastic);
        var (size, refused) = await Grow(rigid);

        Assert.Equal(("20Gi", null), grown);
        Assert.Equal(("10Gi", "disk_resize_refused"), (size, refused?.Code));
        Assert.Contains(
            "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize",
            refused!.Message,
            StringComparison.Ordinal
        );

        async Task<(string Size, Agent.Clusters.ClusterRefusal? Refused)> Grow(string storageClass)
        {
            var desired = TestDriver.Desired(TestDriver.NewId());
            desired.StorageClass = storageClass;
            await driver.Apply(desired, Ct);
            await driver.Sink.Until(desired.WorkspaceId, WorkspaceState.Running, Ct);
            desired.Generation = 2;
            desired.Spec.Disk = "20Gi";
            var told = await driver.Apply(desired, Ct);
            await driver.Sink.Until(desired.WorkspaceId, WorkspaceState.Running, w => w.Generation == 2, Ct);
            var claim = await ns.Get("persistentvolumeclaims", $"ws-{desired.WorkspaceId}", Ct);
            return (claim!["spec"]!["resources"]!["requests"]!["storage"]!.GetValue<string>(), told);
        }

        async Task<string> Class(bool expands)
        {
            var name = $"class-{Guid.NewGuid():n}";
            var made = new JsonObject
            {
                ["apiVersion"] = "storage.k8s.io/v1",
                ["kind"] = "StorageClass",
                ["metadata"] = new JsonObject { ["name"] = name },
                ["provisioner"] = "example.com/none",
                ["allowVolumeExpansion"] = expands,
            };
            await controlPlane.Admin.Create("apis/storage.k8s.io/v1/storageclasses", made, Ct);
            return name;
        }
    }
}
