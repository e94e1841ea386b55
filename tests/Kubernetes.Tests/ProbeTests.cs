using System.Net;
using System.Net.Sockets;
using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.Kubernetes;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Kubernetes;
using Coder.Mesh.V1;

namespace Coder.Mesh.Kubernetes.Tests;

public sealed class ProbeTests(ControlPlaneFixture fixture)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task With_exactly_the_required_permissions_every_required_condition_is_true()
    {
        var controlPlane = await fixture.Get();
        await using var ns = await controlPlane.CreateNamespace(TestDriver.Rules, Ct);
        await using var driver = new TestDriver(ns);

        var probe = await driver.Driver.Probe(Ct);

        Assert.Equal(
            ConditionTypes.Required.Select(type => new ProbedCondition(type, ConditionStatus.True)),
            probe.Conditions.Take(ConditionTypes.Required.Count)
        );
        Assert.Equal(
            [ConditionTypes.StorageReady, ConditionTypes.CredentialExpiry],
            probe.Conditions.Skip(ConditionTypes.Required.Count).Select(c => c.Type)
        );
        Assert.Equal(ns.Uid, probe.NamespaceUid);
        Assert.Equal(ns.Name, probe.Facts.Namespace);
        Assert.Equal($"v{controlPlane.Version}", probe.Facts.KubernetesVersion);
        Assert.Equal("kubernetes", probe.Facts.Driver);
    }

    [Fact]
    public async Task A_namespace_that_may_not_be_read_is_not_called_missing()
    {
        await using var ns = await (await fixture.Get()).CreateNamespace(
            name => TestDriver.Rules(name).Where(r => r.Resource != "namespaces"),
            Ct
        );
        await using var driver = new TestDriver(ns);

        var probe = await driver.Driver.Probe(Ct);

        var condition = Condition(probe, ConditionTypes.NamespaceReady);
        Assert.Equal((ConditionStatus.Unknown, "not_determined"), (condition.Status, condition.Code));
        Assert.Contains(
            $"get namespaces/{ns.Name}",
            Condition(probe, ConditionTypes.PermissionsSufficient).Message,
            StringComparison.Ordinal
        );
        Assert.Empty(probe.NamespaceUid);
    }

    [Fact]
    public async Task A_namespace_that_is_not_there_is_called_missing()
    {
        var kubeconfig = (await fixture.Get()).KubeconfigFor("admin", "nowhere", "system:masters");
        await using var driver = new TestDriver(new KubernetesOptions { Kubeconfig = kubeconfig });

        var probe = await driver.Driver.Probe(Ct);

        var condition = Condition(probe, ConditionTypes.NamespaceReady);
        Assert.Equal((ConditionStatus.False, "namespace_missing"), (condition.Status, condition.Code));
        Assert.Contains("nowhere", condition.Message, StringComparison.Ordinal);
        Assert.Equal(ConditionStatus.True, Condition(probe, ConditionTypes.ClusterReachable).Status);
    }

    [Fact]
    public async Task A_namespace_that_is_being_deleted_is_not_ready()
    {
        var controlPlane = await fixture.Get();
        await using var ns = await controlPlane.CreateNamespace(TestDriver.Rules, Ct);
        await using var driver = new TestDriver(ns);
        await driver.Apply(TestDriver.Desired(TestDriver.NewId()), Ct);
        await controlPlane.Kubelet.Play(ns, PodPlay.Hold, Ct);
        await controlPlane.Admin.Patch(
            ns.Path("persistentvolumeclaims", await OnlyClaim(ns)),
            System.Text.Json.Nodes.JsonNode.Parse("""{"metadata":{"finalizers":["test.mesh.coder.com/hold"]}}""")!,
            Ct
        );
        // An administrator's kubeconfig, for the Role goes with the namespace.
        var kubeconfig = controlPlane.KubeconfigFor("admin", ns.Name, "system:masters");
        await using var admin = new TestDriver(new KubernetesOptions { Kubeconfig = kubeconfig });
        await ns.DisposeAsync();

        var condition = Condition(await admin.Driver.Probe(Ct), ConditionTypes.NamespaceReady);
        var refused = await Assert.ThrowsAsync<ClusterException>(() =>
            admin.Apply(TestDriver.Desired(TestDriver.NewId()), Ct)
        );

        Assert.Equal((ConditionStatus.False, "namespace_terminating"), (condition.Status, condition.Code));
        Assert.Equal("namespace_terminating", refused.Code);
        await controlPlane.Admin.Patch(
            ns.Path("persistentvolumeclaims", await OnlyClaim(ns)),
            System.Text.Json.Nodes.JsonNode.Parse("""{"metadata":{"finalizers":null}}""")!,
            Ct
        );
    }

    [Fact]
    public async Task Nobody_at_the_address_is_unreachable_and_leaves_the_rest_undetermined()
    {
        var controlPlane = await fixture.Get();
        using var closed = new TcpListener(IPAddress.Loopback, 0);
        closed.Start();
        var port = ((IPEndPoint)closed.LocalEndpoint).Port;
        closed.Stop();
        using var elsewhere = EditedKubeconfig.At(port, controlPlane.KubeconfigFor("agent"));
        await using var driver = new TestDriver(new KubernetesOptions { Kubeconfig = elsewhere.Path });

        var probe = await driver.Driver.Probe(Ct);
        var refused = await Assert.ThrowsAsync<ClusterException>(() =>
            driver.Apply(TestDriver.Desired(TestDriver.NewId()), Ct)
        );

        var reachable = Condition(probe, ConditionTypes.ClusterReachable);
        Assert.Equal((ConditionStatus.False, "cluster_unreachable"), (reachable.Status, reachable.Code));
        Assert.Contains("refused", reachable.Message, StringComparison.Ordinal);
        Assert.All(
            probe.Conditions.Where(c =>
                c.Type is not (ConditionTypes.ClusterReachable or ConditionTypes.CredentialExpiry)
            ),
            c => Assert.Equal((ConditionStatus.Unknown, "not_determined"), (c.Status, c.Code))
        );
        Assert.Equal(("cluster_unreachable", true), (refused.Code, refused.Transient));
    }

    [Fact]
    public async Task An_address_that_never_answers_is_unreachable_after_the_probes_deadline()
    {
        var controlPlane = await fixture.Get();
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var port = ((IPEndPoint)silent.LocalEndpoint).Port;
        using var elsewhere = EditedKubeconfig.At(port, controlPlane.KubeconfigFor("agent"));
        await using var driver = new TestDriver(
            new KubernetesOptions { Kubeconfig = elsewhere.Path, ProbeTimeout = TimeSpan.FromMilliseconds(300) }
        );

        var probe = await driver.Driver.Probe(Ct);

        Assert.Equal("cluster_unreachable", Condition(probe, ConditionTypes.ClusterReachable).Code);
    }

    private static async Task<string> OnlyClaim(TestNamespace ns) =>
        Assert.Single(await ns.List("persistentvolumeclaims", Ct))["metadata"]!["name"]!.GetValue<string>();

    private static ProbedCondition Condition(ClusterProbe probe, string type) =>
        Assert.Single(probe.Conditions, c => c.Type == type);
}
