using System.Diagnostics;
using System.Text.Json.Nodes;
using Coder.Mesh.Agent.Kubernetes;
using Coder.Mesh.EndToEnd.Tests.Harness;
using Coder.Mesh.Tests.Support.Kubernetes;
using Coder.Mesh.V1;

namespace Coder.Mesh.EndToEnd.Tests;

/// <summary>
/// Somebody deletes, scales and patches a workspace's objects, with the agent there and while it is away.
/// </summary>
public sealed class ChangedByHandTests(KubernetesFixture fixture, ITestOutputHelper output)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_deleted_scaled_or_patched_by_hand_is_shown_and_set_right_whether_the_agent_is_there_or_not()
    {
        var cluster = await fixture.Get();
        await using var ns = await cluster.CreateNamespace(Rules, Ct);
        await using var mesh = await TestMesh.Start(Ct);
        mesh.StartAgent("--kubeconfig", ns.Kubeconfig);
        await mesh.UntilProvider(TestMesh.IsReady, "the provider is Ready", Ct);
        var created = JsonNode.Parse(await mesh.Cli(Ct, "workspaces", "create", "dev", "--wait", "-o", "json"))!;
        var name = $"ws-{created["id"]!.GetValue<string>()}";
        var admin = cluster.Admin;

        // Whoever waits for a start isn't told of one that is no more.
        var before = await Uid(ns, "deployments", name);
        var since = Stopwatch.GetTimestamp();
        await admin.Delete(ns.Path("deployments", name), Ct);
        await Until(
            mesh,
            w => w.State != WorkspaceState.Running || w.ObservedGeneration == 0,
            "no longer Running",
            since
        );
        await mesh.Cli(Ct, "workspaces", "start", "dev", "--wait");
        Said("Deployment deleted", since);
        Assert.NotEqual(before, await Uid(ns, "deployments", name));
        Assert.Contains("The Deployment was deleted", await Notices(mesh), StringComparison.Ordinal);

        await Repaired(
            "scaled to 0",
            "deployments",
            () => admin.Patch($"{ns.Path("deployments", name)}/scale", Replicas(0), Ct)
        );
        await Repaired(
            "NetworkPolicy deleted",
            "networkpolicies",
            () => admin.Delete(ns.Path("networkpolicies", name), Ct)
        );
        await Repaired(
            "NetworkPolicy opened",
            "networkpolicies",
            () => admin.Patch(ns.Path("networkpolicies", name), JsonNode.Parse("""{"spec":{"ingress":[{}]}}""")!, Ct)
        );

        // While no agent is there, and nothing in the store has changed when the next one comes.
        await mesh.Agent.Kill(Ct);
        await Repaired(
            "NetworkPolicy opened, Deployment scaled to 0, without an agent",
            "networkpolicies",
            async () =>
            {
                await admin.Patch(
                    ns.Path("networkpolicies", name),
                    JsonNode.Parse("""{"spec":{"ingress":[{}]}}""")!,
                    Ct
                );
                await admin.Patch($"{ns.Path("deployments", name)}/scale", Replicas(0), Ct);
                mesh.StartAgent("--kubeconfig", ns.Kubeconfig);
            }
        );
        await mesh.Agent.Kill(Ct);
        await Repaired(
            "all but the volume deleted, without an agent",
            "networkpolicies",
            async () =>
            {
                foreach (var resource in new[] { "networkpolicies", "serviceaccounts", "services", "deployments" })
                    await admin.Delete(ns.Path(resource, name), Ct);
                mesh.StartAgent("--kubeconfig", ns.Kubeconfig);
            }
        );

        async Task Repaired(string what, string resource, Func<Task> change)
        {
            var start = Stopwatch.GetTimestamp();
            await change();
            await Eventually.Is(
                async () =>
                    (
                        await ns.Get(resource, name, Ct),
                        (await ns.Get("deployments", name, Ct))?["spec"]?["replicas"]?.GetValue<int>(),
                        await Seen(mesh)
                    ),
                now =>
                    now is ({ } item, 1, { State: WorkspaceState.Running, StateCode: "" } seen)
                    && item["spec"]?["ingress"] is null or JsonArray { Count: 0 }
                    && seen.ObservedGeneration == seen.Generation,
                $"it is as desired again after: {what}",
                Ct
            );
            Said(what, start);
        }
    }

    private void Said(string what, long since) =>
        output.WriteLine($"{Stopwatch.GetElapsedTime(since).TotalSeconds, 6:0.00} s  {what}");

    private async Task Until(TestMesh mesh, Predicate<Workspace> wanted, string what, long since)
    {
        await Eventually.Is(() => Seen(mesh), w => wanted(w), what, Ct);
        Said(what, since);
    }

    private static async Task<Workspace> Seen(TestMesh mesh) => (await mesh.ListWorkspaces(Ct)).Single();

    private static async Task<string> Notices(TestMesh mesh) =>
        await mesh.Cli(Ct, "workspaces", "timeline", "dev", "-o", "json");

    private static async Task<string> Uid(TestNamespace ns, string resource, string name) =>
        (await ns.Get(resource, name, Ct))!["metadata"]!["uid"]!.GetValue<string>();

    private static JsonNode Replicas(int count) =>
        new JsonObject { ["spec"] = new JsonObject { ["replicas"] = count } };

    private static IEnumerable<PolicyRule> Rules(string ns) =>
        RequiredPermissions.In(ns).Select(p => new PolicyRule(p.Group, p.Resource, p.Verbs, p.Name));
}
