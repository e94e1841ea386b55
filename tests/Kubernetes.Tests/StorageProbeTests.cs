using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.Kubernetes;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Kubernetes;
using Coder.Mesh.Tests.Support.Network;
using Coder.Mesh.V1;

namespace Coder.Mesh.Kubernetes.Tests;

public sealed class StorageProbeTests(ControlPlaneFixture fixture)
{
    private const string Classes = "apis/storage.k8s.io/v1/storageclasses";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("", "list storageclasses.storage.k8s.io is")]
    [InlineData("fast", "get storageclasses.storage.k8s.io/fast is")]
    public async Task A_namespaced_Role_leaves_it_unknown_and_the_message_says_that_this_is_right(
        string wanted,
        string refused
    )
    {
        await using var ns = await (await fixture.Get()).CreateNamespace(TestDriver.Rules, Ct);
        await using var driver = new TestDriver(ns);
        driver.Details.StorageClass = wanted;

        var condition = await Look(driver);

        Assert.Equal((ConditionStatus.Unknown, "not_determined"), (condition.Status, condition.Code));
        Assert.EndsWith($"may not {refused} as it should be.", condition.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Before_Welcome_the_class_is_not_known()
    {
        await using var driver = await AsAdmin(new LaterTime());

        Assert.Equal(ConditionStatus.Unknown, (await Look(driver)).Status);
    }

    [Fact]
    public async Task A_class_that_is_named_is_looked_for_again_after_a_minute_and_not_before()
    {
        var api = (await fixture.Get()).Admin;
        var time = new LaterTime();
        await using var driver = await AsAdmin(time);
        var name = $"class-{Guid.NewGuid():n}";
        driver.Details.StorageClass = name;

        var missing = await Look(driver);
        await api.Create(Classes, Class(name), Ct);
        time.Ahead = TimeSpan.FromSeconds(50);
        var soon = await Look(driver);
        time.Ahead = TimeSpan.FromSeconds(61);
        var found = await Look(driver);
        await api.Delete($"{Classes}/{name}", Ct);

        Assert.Equal(
            new ProbedCondition(
                ConditionTypes.StorageReady,
                ConditionStatus.False,
                "storage_class_missing",
                $"There is no storage class \"{name}\", which the provider's details name."
            ),
            missing
        );
        Assert.Equal(missing, soon);
        Assert.Equal(new ProbedCondition(ConditionTypes.StorageReady, ConditionStatus.True), found);
    }

    [Fact]
    public async Task Other_details_are_looked_for_at_once()
    {
        var api = (await fixture.Get()).Admin;
        await using var driver = await AsAdmin(new LaterTime());
        var name = $"class-{Guid.NewGuid():n}";
        await api.Create(Classes, Class(name), Ct);
        driver.Details.StorageClass = name;
        Assert.Equal(ConditionStatus.True, (await Look(driver)).Status);

        driver.Details.StorageClass = "";
        var condition = await Look(driver);
        await api.Delete($"{Classes}/{name}", Ct);

        Assert.Equal((ConditionStatus.False, "storage_class_missing"), (condition.Status, condition.Code));
        Assert.Contains("no default", condition.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_found_is_not_told_of_a_cluster_that_is_away()
    {
        var controlPlane = await fixture.Get();
        var name = $"class-{Guid.NewGuid():n}";
        await controlPlane.Admin.Create(Classes, Class(name), Ct);
        await using var proxy = FaultProxy.Start(new IPEndPoint(IPAddress.Loopback, controlPlane.Address.Port));
        using var through = EditedKubeconfig.At(
            proxy.Endpoint.Port,
            controlPlane.KubeconfigFor("admin", "default", "system:masters")
        );
        await using var driver = new TestDriver(new KubernetesOptions { Kubeconfig = through.Path });
        driver.Details.StorageClass = name;
        Assert.Equal(ConditionStatus.True, (await Look(driver)).Status);

        await proxy.DisposeAsync();
        var away = await driver.Driver.Probe(Ct);
        await controlPlane.Admin.Delete($"{Classes}/{name}", Ct);

        var (reachable, storage) = (
            away.Conditions[0],
            away.Conditions.Single(c => c.Type == ConditionTypes.StorageReady)
        );
        Assert.Equal(ConditionStatus.False, reachable.Status);
        Assert.Equal(
            (ConditionStatus.Unknown, "not_determined", reachable.Message),
            (storage.Status, storage.Code, storage.Message)
        );
    }

    [Theory]
    [InlineData("storageclass.kubernetes.io/is-default-class", "true", true)]
    [InlineData("storageclass.beta.kubernetes.io/is-default-class", "true", true)]
    [InlineData("storageclass.kubernetes.io/is-default-class", "false", false)]
    [InlineData("something.else", "true", false)]
    public void A_class_is_the_default_by_its_annotation(string annotation, string value, bool expected)
    {
        // Not on the shared API server: a default class would be given to the claims of every other test.
        var stored = Class("a");
        stored["metadata"]!["annotations"] = new JsonObject { [annotation] = value };

        var read = JsonSerializer.Deserialize(stored, KubernetesJsonContext.Default.StorageClassObject)!;

        Assert.Equal(expected, read.IsDefault);
    }

    private async Task<TestDriver> AsAdmin(TimeProvider time)
    {
        var kubeconfig = (await fixture.Get()).KubeconfigFor("admin", "default", "system:masters");
        return new TestDriver(new KubernetesOptions { Kubeconfig = kubeconfig }, time);
    }

    private static async Task<ProbedCondition> Look(TestDriver driver) =>
        Assert.Single((await driver.Driver.Probe(Ct)).Conditions, c => c.Type == ConditionTypes.StorageReady);

    private static JsonObject Class(string name) =>
        new()
        {
            ["apiVersion"] = "storage.k8s.io/v1",
            ["kind"] = "StorageClass",
            ["metadata"] = new JsonObject { ["name"] = name },
            ["provisioner"] = "test.mesh.coder.com/none",
        };
}
