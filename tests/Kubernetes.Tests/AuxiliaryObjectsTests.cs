using System.Diagnostics.Metrics;
using System.Text.Json.Nodes;
using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.Kubernetes;
using Coder.Mesh.Tests.Support.Kubernetes;
using Coder.Mesh.V1;

namespace Coder.Mesh.Kubernetes.Tests;

/// <summary>Service, ServiceAccount and NetworkPolicy of a workspace, on a real API server.</summary>
public sealed class AuxiliaryObjectsTests(ControlPlaneFixture fixture)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task They_are_made_with_the_workspace_and_gone_when_it_is_reported_gone()
    {
        await using var ns = await NewNamespace();
        await using var driver = new TestDriver(ns).Watching();
        var id = TestDriver.NewId();

        await driver.Apply(TestDriver.Desired(id), Ct);
        await driver.Sink.Until(id, WorkspaceState.Running, Ct);
        var pod = Assert.Single(await ns.List("pods", Ct));
        var service = await ns.Get("services", $"ws-{id}", Ct);
        var policy = await ns.Get("networkpolicies", $"ws-{id}", Ct);
        var account = await ns.Get("serviceaccounts", $"ws-{id}", Ct);

        Assert.Equal($"ws-{id}", pod["spec"]!["serviceAccountName"]!.GetValue<string>());
        Assert.DoesNotContain("kube-api-access", pod["spec"]!["volumes"]!.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal("None", service!["spec"]!["clusterIP"]!.GetValue<string>());
        Assert.Equal("""["Ingress"]""", policy!["spec"]!["policyTypes"]!.ToJsonString());
        Assert.False(account!["automountServiceAccountToken"]!.GetValue<bool>());

        await driver.Remove(id, Ct);
        await driver.Sink.UntilGone(id, Ct);
        foreach (var resource in (string[])["services", "networkpolicies", "serviceaccounts"])
            Assert.Null(await ns.Get(resource, $"ws-{id}", Ct));
        Assert.False(await driver.Remove(id, Ct));
    }

    [Fact]
    public async Task A_start_or_a_stop_is_one_apply()
    {
        await using var ns = await NewNamespace();
        await using var driver = new TestDriver(ns).Watching();
        var id = TestDriver.NewId();
        await driver.Apply(TestDriver.Desired(id), Ct);
        // While its status changes, what was decided may have to be decided again.
        await driver.Sink.Until(id, WorkspaceState.Running, Ct);
        var applies = 0;
        using var listener = new MeterListener { InstrumentPublished = driver.EnableIfItsOwn };
        listener.SetMeasurementEventCallback<long>(
            (_, n, tags, _) =>
            {
                if (tags.ToArray().Any(t => t is { Key: "mesh.kubernetes.verb", Value: "apply" }))
                    Interlocked.Add(ref applies, (int)n);
            }
        );
        listener.Start();

        await driver.Apply(TestDriver.Desired(id, 2, WorkspacePower.Stopped), Ct);
        await driver.Sink.Until(id, WorkspaceState.Stopped, Ct);
        await driver.Apply(TestDriver.Desired(id, 3), Ct);

        Assert.Equal(2, applies);
    }

    [Fact]
    public void They_are_applied_again_when_they_should_be_others_or_the_pod_is_refused_for_one_may_be_missed()
    {
        var auxiliary = AuxiliaryObjects.Of(new DriverIdentity("p-1", "d-1"), TestDriver.Desired("w1"));
        var made = new DeploymentObject(
            new ObjectMeta("ws-w1", Annotations: new(Generation: "7", AuxiliaryObjects: auxiliary.Hash))
        );
        var refused = new ObjectCondition("ReplicaFailure", "True", "FailedCreate", "serviceaccount not found");

        Assert.False(auxiliary.Due(made));
        Assert.True(auxiliary.Due(null));
        var other = new ObjectMeta("ws-w1", Annotations: new(Generation: "7", AuxiliaryObjects: "other"));
        Assert.True(auxiliary.Due(made with { Metadata = other }));
        // What was applied already is applied once more when somebody has changed it, or it has lost its generation.
        var again = new ObjectMeta("ws-w1", Annotations: new(Generation: "1", AuxiliaryObjects: auxiliary.Hash));
        Assert.True(auxiliary.Due(made with { Metadata = again }));
        var lost = new ObjectMeta("ws-w1", Annotations: new(AuxiliaryObjects: auxiliary.Hash));
        Assert.True(auxiliary.Due(made with { Metadata = lost }));
        Assert.True(auxiliary.Due(made with { Status = new(Conditions: [refused]) }));
    }

    [Theory]
    [InlineData("services", "v1", "Service")]
    [InlineData("networkpolicies", "networking.k8s.io/v1", "NetworkPolicy")]
    [InlineData("serviceaccounts", "v1", "ServiceAccount")]
    public async Task One_of_somebody_else_is_neither_changed_nor_deleted(string resource, string version, string kind)
    {
        await using var ns = await NewNamespace();
        await using var driver = new TestDriver(ns);
        var id = TestDriver.NewId();
        var foreign = new JsonObject
        {
            ["apiVersion"] = version,
            ["kind"] = kind,
            ["metadata"] = new JsonObject { ["name"] = $"ws-{id}" },
        };
        if (kind == "Service")
            foreign["spec"] = new JsonObject { ["clusterIP"] = "None" };
        if (kind == "NetworkPolicy")
            foreign["spec"] = new JsonObject { ["podSelector"] = new JsonObject() };
        var admin = (await fixture.Get()).Admin;
        var before = await admin.Create(ns.Path(resource), foreign, Ct);

        var refused = await Assert.ThrowsAsync<ClusterException>(() => driver.Apply(TestDriver.Desired(id), Ct));
        await driver.Remove(id, Ct);

        Assert.Equal(ClusterCodes.ForeignObject, refused.Code);
        Assert.Contains($"ws-{id}", refused.Message, StringComparison.Ordinal);
        var after = await ns.Get(resource, $"ws-{id}", Ct);
        Assert.Equal(before["metadata"]!["uid"]!.GetValue<string>(), after!["metadata"]!["uid"]!.GetValue<string>());
        Assert.Null(after["metadata"]!["deletionTimestamp"]);
    }

    private async Task<TestNamespace> NewNamespace() =>
        await (await fixture.Get()).CreateNamespace(TestDriver.Rules, Ct);
}
