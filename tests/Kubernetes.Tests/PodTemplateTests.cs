using System.Text.Json.Nodes;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.Tests.Support.Kubernetes;
using Coder.Mesh.V1;

namespace Coder.Mesh.Kubernetes.Tests;

/// <summary>
/// What others add to the pod template of a workspace is removed, or it is named with whoever has added it.
/// </summary>
public sealed class PodTemplateTests(ControlPlaneFixture fixture)
{
    private const string Theirs = "another-controller";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static readonly IReadOnlyDictionary<string, string> Changes = new Dictionary<string, string>
    {
        ["node selector"] = """{"nodeSelector":{"a":"b"}}""",
        ["toleration"] = """{"tolerations":[{"key":"a","operator":"Exists"}]}""",
        ["host name"] = """{"hostAliases":[{"ip":"10.0.0.1","hostnames":["a"]}]}""",
        ["node"] = """{"nodeName":"no-such-node"}""",
        ["DNS"] = """{"dnsPolicy":"Default"}""",
        ["grace period"] = """{"terminationGracePeriodSeconds":1}""",
        ["group"] = """{"securityContext":{"supplementalGroups":[1]}}""",
        ["container"] = """{"containers":[{"name":"sidecar","image":"registry.example/theirs:1"}]}""",
        ["init container"] = """{"initContainers":[{"name":"init","image":"registry.example/theirs:1"}]}""",
        ["variable"] = """{"containers":[{"name":"workspace","env":[{"name":"A","value":"b"}]}]}""",
        ["arguments"] = """{"containers":[{"name":"workspace","args":["a"]}]}""",
        ["probe"] = """{"containers":[{"name":"workspace","livenessProbe":{"exec":{"command":["false"]}}}]}""",
        ["volume"] = """{"volumes":[{"name":"more","emptyDir":{}}]}""",
    };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_somebody_adds_by_hand_is_removed(bool withoutFieldManagers)
    {
        var controlPlane = await fixture.Get();
        await using var ns = await controlPlane.CreateNamespace(TestDriver.Rules, Ct);
        await using var agent = await ReconciledAgent.Start(ns, Ct);
        await Task.WhenAll(Changes.Keys.Select(Removed));

        async Task Removed(string change)
        {
            var desired = await Running(agent);
            var (id, path) = (desired.WorkspaceId, ns.Path("deployments", $"ws-{desired.WorkspaceId}"));
            var before = Pod((await controlPlane.Admin.Get(path, Ct))!);
            var patch = new JsonObject { ["spec"] = Template(JsonNode.Parse(Changes[change])!) };
            if (withoutFieldManagers)
                patch["metadata"] = new JsonObject { ["managedFields"] = new JsonArray(new JsonObject()) };

            await controlPlane.Admin.PatchByName($"{path}?fieldManager=kubectl-edit", patch, Ct);

            await controlPlane.Admin.Until(path, d => Pod(d!) == before, Ct);
            var report = await Ran(agent, desired);
            Assert.Contains(report.Timeline.Steps, s => s.Message == "The Deployment is as desired again.");
        }
    }

    [Fact]
    public async Task What_another_manager_applies_is_named_and_removed_when_it_is_taken_over()
    {
        var controlPlane = await fixture.Get();
        await using var ns = await controlPlane.CreateNamespace(TestDriver.Rules, Ct);
        await using var agent = await ReconciledAgent.Start(ns, Ct);
        var desired = await Running(agent);
        var path = ns.Path("deployments", $"ws-{desired.WorkspaceId}");
        var before = Pod((await controlPlane.Admin.Get(path, Ct))!);
        await controlPlane.Admin.Apply(
            path,
            Applied("""{"tolerations":[{"key":"a","operator":"Exists"}]}"""),
            Theirs,
            Ct
        );

        var named = await agent.Until(desired.WorkspaceId, "field_conflict", r => r.Code == "field_conflict", Ct);
        Assert.NotEqual(before, Pod((await controlPlane.Admin.Get(path, Ct))!));
        (desired.Generation, desired.TakeOwnershipGeneration) = (2, 2);
        agent.Desire(desired);
        await Ran(agent, desired);

        Assert.Contains(
            $"field manager \"{Theirs}\" has added .spec.template.spec.tolerations",
            named.Message,
            StringComparison.Ordinal
        );
        Assert.Contains("\"mesh workspaces update dev --take-ownership\"", named.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(named.Timeline.Steps, s => s.Message.Contains("as desired", StringComparison.Ordinal));
        Assert.Equal(before, Pod((await controlPlane.Admin.Get(path, Ct))!));
    }

    [Fact]
    public async Task What_a_webhook_adds_to_every_Deployment_is_named_and_not_fought_for_ever()
    {
        var controlPlane = await fixture.Get();
        await using var ns = await controlPlane.CreateNamespace(TestDriver.Rules, Ct);
        await using var webhook = await AdmissionWebhook.Before(controlPlane, ns, Ct, mutating: true);
        var asked = 0;
        webhook.Patches = (request, _) =>
        {
            if (request is not { Resource: "deployments", Operation: "CREATE" or "UPDATE" })
                return null;
            Interlocked.Increment(ref asked);
            return """[{"op":"add","path":"/spec/template/spec/tolerations","value":[{"key":"a","operator":"Exists"}]}]""";
        };
        await using var agent = await ReconciledAgent.Start(ns, Ct);
        var desired = TestDriver.Desired(TestDriver.NewId());
        agent.Desire(desired);

        var report = await agent.Until(
            desired.WorkspaceId,
            "Running, field_conflict",
            r => r is { State: WorkspaceState.Running, Code: "field_conflict" },
            Ct
        );
        for (var resync = 0; resync < 10; resync++)
        {
            agent.Retry();
            await Task.Delay(TimeSpan.FromMilliseconds(200), Ct);
        }

        Assert.Contains("such as an admission webhook", report.Message, StringComparison.Ordinal);
        Assert.Contains(".spec.template.spec.tolerations", report.Message, StringComparison.Ordinal);
        Assert.InRange(asked, 2, 30);
    }

    [Fact]
    public async Task A_container_that_a_webhook_adds_to_pods_is_nobodys_error()
    {
        var controlPlane = await fixture.Get();
        await using var ns = await controlPlane.CreateNamespace(TestDriver.Rules, Ct);
        await using var webhook = await AdmissionWebhook.Before(controlPlane, ns, Ct, mutating: true);
        webhook.Patches = (request, _) =>
            request is { Resource: "pods", Operation: "CREATE" }
                ? """[{"op":"add","path":"/spec/containers/-","value":{"name":"proxy","image":"registry.example/p:1"}}]"""
                : null;
        await using var agent = await ReconciledAgent.Start(ns, Ct);

        var desired = await Running(agent);

        var report = await Ran(agent, desired);
        Assert.DoesNotContain(report.Timeline.Steps, s => s.Stage == TimelineStage.Notice);
        Assert.Equal(2, (await ns.List("pods", Ct)).Single()["spec"]!["containers"]!.AsArray().Count);
    }

    private static JsonObject Template(JsonNode pod) => new() { ["template"] = new JsonObject { ["spec"] = pod } };

    private static JsonObject Applied(string pod) =>
        new()
        {
            ["apiVersion"] = "apps/v1",
            ["kind"] = "Deployment",
            ["spec"] = Template(JsonNode.Parse(pod)!),
        };

    private static string Pod(JsonNode deployment) => deployment["spec"]!["template"]!["spec"]!.ToJsonString();

    private static async Task<WorkspaceDesired> Running(ReconciledAgent agent)
    {
        var desired = TestDriver.Desired(TestDriver.NewId());
        agent.Desire(desired);
        await Ran(agent, desired);
        return desired;
    }

    private static Task<Coder.Mesh.Agent.Reconcile.WorkspaceReport> Ran(
        ReconciledAgent agent,
        WorkspaceDesired desired
    ) =>
        agent.Until(
            desired.WorkspaceId,
            $"Running at generation {desired.Generation}",
            r => (r.State, r.Code, r.Generation) == (WorkspaceState.Running, "", desired.Generation),
            Ct
        );
}
