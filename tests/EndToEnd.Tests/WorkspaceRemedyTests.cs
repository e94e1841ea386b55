using System.Text.Json.Nodes;
using Coder.Mesh.Agent.Kubernetes;
using Coder.Mesh.EndToEnd.Tests.Harness;
using Coder.Mesh.Tests.Support.Documents;
using Coder.Mesh.Tests.Support.Kubernetes;
using Coder.Mesh.V1;

namespace Coder.Mesh.EndToEnd.Tests;

/// <summary>
/// The remedies of docs/status-codes.md for workspaces, run as they stand there in a real cluster: the same workspace
/// runs afterwards, and is no new one.
/// </summary>
public sealed class WorkspaceRemedyTests(KubernetesFixture fixture)
{
    private static readonly IReadOnlyDictionary<string, IReadOnlyList<Mention>> Page = Mentions.Remedies(
        "status-codes.md"
    );

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("unschedulable", "--cpu 1000")]
    [InlineData("image_pull_failed", "--image registry.example/typo:1", PodPlay.FailImagePull)]
    [InlineData("crash_loop", "--image registry.example/root:1", PodPlay.CrashLoop)]
    [InlineData("oom_killed", "--memory 64Mi", PodPlay.RunOutOfMemory)]
    [InlineData("quota_exceeded", "--cpu 8 --memory 1Gi")]
    [InlineData("invalid_object", "--cpu 1")]
    public async Task A_workspace_with_this_code_runs_after_the_remedy(
        string code,
        string create,
        PodPlay play = PodPlay.Run
    )
    {
        var cluster = await fixture.Get();
        await using var ns = await cluster.CreateNamespace(Rules, Ct);
        await using var mesh = await TestMesh.Start(Ct);
        mesh.StartAgent("--kubeconfig", ns.Kubeconfig);
        await mesh.UntilProvider(TestMesh.IsReady, "the provider is Ready", Ct);
        await cluster.Kubelet.Play(ns, play, Ct);
        await Spoil(cluster, mesh, ns, code);

        await mesh.Cli(Ct, ["workspaces", "create", "dev", .. create.Split(' ')]);
        var spoilt = await Until(mesh, w => w.StateCode == code, code);
        await cluster.Kubelet.Play(ns, PodPlay.Run, Ct);
        var affinity = mesh.FileOf("affinity.json");
        await File.WriteAllTextAsync(affinity, "{}", Ct);
        var values = new Dictionary<string, string>
        {
            ["NAME"] = "dev",
            ["PROVIDER"] = "built-in",
            ["IMAGE"] = "registry.example/dev:2",
            ["SECRET"] = "regcred",
            ["FILE"] = affinity,
        };
        foreach (var remedy in Page[code])
            await mesh.Cli(Ct, [.. remedy.Words.Select(w => values.GetValueOrDefault(w, w))]);

        var cured = await Until(
            mesh,
            w => w.State == WorkspaceState.Running && w.ObservedGeneration == w.Generation,
            $"it runs after the remedy of {code}"
        );
        Assert.NotEmpty(Page[code]);
        Assert.Equal((spoilt.Id, ""), (cured.Id, cured.StateCode));
        Assert.True(cured.Generation > spoilt.Generation, "the remedies changed nothing");
    }

    private static async Task Spoil(KubernetesControlPlane cluster, TestMesh mesh, TestNamespace ns, string code)
    {
        if (code == "quota_exceeded")
        {
            var quota = new JsonObject
            {
                ["apiVersion"] = "v1",
                ["kind"] = "ResourceQuota",
                ["metadata"] = new JsonObject { ["name"] = "small" },
                ["spec"] = new JsonObject { ["hard"] = new JsonObject { ["requests.cpu"] = "4" } },
            };
            await cluster.Admin.Create(ns.Path("resourcequotas"), quota, Ct);
            // Nothing is counted against it before its controller has seen it.
            await cluster.Admin.Until(
                ns.Path("resourcequotas", "small"),
                made => made?["status"]?["hard"]?["requests.cpu"] is not null,
                Ct
            );
        }

        if (code == "invalid_object")
        {
            var file = mesh.FileOf("bad.json");
            await File.WriteAllTextAsync(file, """{ "nodeAffinity": { "required": {} } }""", Ct);
            await mesh.Cli(Ct, "providers", "update", "built-in", "--affinity", file);
        }
    }

    private static Task<Workspace> Until(TestMesh mesh, Func<Workspace, bool> wanted, string what) =>
        Eventually.Is(async () => Assert.Single(await mesh.ListWorkspaces(Ct)), wanted, what, Ct);

    private static IEnumerable<PolicyRule> Rules(string ns) =>
        RequiredPermissions.In(ns).Select(p => new PolicyRule(p.Group, p.Resource, p.Verbs, p.Name));
}
