using System.Diagnostics;
using System.Text.Json.Nodes;
using Coder.Mesh.Agent.Kubernetes;
using Coder.Mesh.EndToEnd.Tests.Harness;
using Coder.Mesh.Tests.Support.Kubernetes;
using Coder.Mesh.V1;

namespace Coder.Mesh.EndToEnd.Tests;

/// <summary>
/// The whole way: CLI, control plane, agent under a Role with exactly what it asks for, a real API server.
/// </summary>
public sealed class KubernetesTests(KubernetesFixture fixture, ITestOutputHelper output)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_provider_turns_ready_and_a_workspace_runs_stops_starts_and_goes_in_a_real_cluster()
    {
        var cluster = await fixture.Get();
        await using var ns = await cluster.CreateNamespace(Rules, Ct);
        await using var mesh = await TestMesh.Start(Ct);
        await TurnsReady(mesh, ns);

        var created = JsonNode.Parse(await mesh.Cli(Ct, "workspaces", "create", "dev", "--wait", "-o", "json"))!;

        var id = created["id"]!.GetValue<string>();
        Assert.Equal("WORKSPACE_STATE_RUNNING", (await Show(mesh))["state"]!.GetValue<string>());
        await HasVolumeAndDeployment(mesh, ns, id);
        var pod = Assert.Single(await ns.List("pods", Ct));
        Assert.Equal("node-1", pod["spec"]!["nodeName"]!.GetValue<string>());
        Assert.Equal("Running", pod["status"]!["phase"]!.GetValue<string>());
        string[] first = ["CREATED", "VOLUME_BOUND", "SCHEDULED", "STARTED", "READY"];
        Assert.Equal(first.Order(), await Story(mesh));

        await mesh.Cli(Ct, "workspaces", "stop", "dev", "--wait");
        Assert.Equal("WORKSPACE_STATE_STOPPED", (await Show(mesh))["state"]!.GetValue<string>());
        Assert.Empty(await ns.List("pods", Ct));
        var kept = await ns.Get("persistentvolumeclaims", $"ws-{id}", Ct);
        Assert.Equal("Bound", kept!["status"]!["phase"]!.GetValue<string>());

        await mesh.Cli(Ct, "workspaces", "start", "dev", "--wait");
        Assert.Single(await ns.List("pods", Ct));
        var again = await ns.Get("persistentvolumeclaims", $"ws-{id}", Ct);
        Assert.Equal(Text(kept, "metadata", "uid"), Text(again!, "metadata", "uid"));
        string[] then = ["STOP_REQUESTED", "STOPPED", "START_REQUESTED", "SCHEDULED", "STARTED", "READY"];
        Assert.Equal(first.Concat(then).Order(), await Story(mesh));

        await mesh.Cli(Ct, "workspaces", "rm", "dev", "--yes", "--wait");
        foreach (var resource in new[] { "deployments", "replicasets", "pods", "persistentvolumeclaims" })
            Assert.Empty(await ns.List(resource, Ct));
        Assert.Empty(await mesh.ListWorkspaces(Ct));
        Assert.Equal("WORKSPACE_STATE_DELETED", (await Show(mesh, id))["state"]!.GetValue<string>());
    }

    // By name: the kubelet that is played here keeps no true times. Whether a volume had to wait is a matter of luck.
    private static async Task<string[]> Story(TestMesh mesh) =>
        [
            .. JsonNode
                .Parse(await mesh.Cli(Ct, "workspaces", "timeline", "dev", "-o", "json"))!
                .AsArray()
                .Select(item => item!["entry"]!["stage"]!.GetValue<string>()["TIMELINE_STAGE_".Length..])
                .Where(stage => stage != "WAITING")
                .Order(),
        ];

    private async Task TurnsReady(TestMesh mesh, TestNamespace ns)
    {
        Assert.Equal(ProviderStatus.Pending, (await mesh.Provider(Ct)).Status);

        var since = Stopwatch.GetTimestamp();
        mesh.StartAgent("--kubeconfig", ns.Kubeconfig);
        // An agent whose cluster was slow to answer the first time says who it is a moment after it is attached.
        var ready = await mesh.UntilProvider(
            p => TestMesh.IsReady(p) && p.Agent.NamespaceUid.Length > 0,
            "the provider is Ready, and known",
            Ct
        );
        var took = Stopwatch.GetElapsedTime(since);

        output.WriteLine($"Ready {took.TotalSeconds:0.00} s after the agent's start (budget: 2 s on a quiet machine)");
        Assert.Equal(
            (ns.Name, ns.Uid, "kubernetes"),
            (ready.Agent.Namespace, ready.Agent.NamespaceUid, ready.Agent.Driver)
        );
    }

    private static async Task HasVolumeAndDeployment(TestMesh mesh, TestNamespace ns, string id)
    {
        var claim = await ns.Get("persistentvolumeclaims", $"ws-{id}", Ct);
        var deployment = await ns.Get("deployments", $"ws-{id}", Ct);
        var provider = (await mesh.Provider(Ct)).Id;
        foreach (var made in new[] { claim!, deployment!, deployment!["spec"]!["template"]! })
        {
            Assert.Equal("coder-mesh", Text(made, "metadata", "labels", "app.kubernetes.io/managed-by"));
            Assert.Equal("true", Text(made, "metadata", "labels", "com.coder.resource"));
            Assert.Equal(id, Text(made, "metadata", "labels", "mesh.coder.com/workspace-id"));
            Assert.Equal(provider, Text(made, "metadata", "labels", "mesh.coder.com/provider-id"));
        }

        var container = Assert.Single(deployment["spec"]!["template"]!["spec"]!["containers"]!.AsArray())!;
        Assert.Equal("ubuntu:24.04", Text(container, "image"));
        foreach (var bound in new[] { "requests", "limits" })
        {
            Assert.Equal("1", Text(container, "resources", bound, "cpu"));
            Assert.Equal("2Gi", Text(container, "resources", bound, "memory"));
        }

        Assert.Equal("10Gi", Text(claim!, "spec", "resources", "requests", "storage"));
    }

    private static IEnumerable<PolicyRule> Rules(string ns) =>
        RequiredPermissions.In(ns).Select(p => new PolicyRule(p.Group, p.Resource, p.Verbs, p.Name));

    private static async Task<JsonNode> Show(TestMesh mesh, string workspace = "dev") =>
        JsonNode.Parse(await mesh.Cli(Ct, "workspaces", "show", workspace, "-o", "json"))!;

    private static string? Text(JsonNode at, params string[] path) =>
        path.Aggregate<string, JsonNode?>(at, (node, name) => node?[name])?.GetValue<string>();
}
