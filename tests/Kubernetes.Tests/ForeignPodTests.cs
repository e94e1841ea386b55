using System.Text.Json.Nodes;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.Tests.Support.Kubernetes;
using Coder.Mesh.V1;

namespace Coder.Mesh.Kubernetes.Tests;

/// <summary>A pod that has the disk of a workspace is seen, whatever its labels say and whoever made it.</summary>
public sealed class ForeignPodTests(ControlPlaneFixture fixture)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("""{"mesh.coder.com/workspace-id":null}""")]
    [InlineData("""{"mesh.coder.com/workspace-id":"another"}""")]
    [InlineData("""{"mesh.coder.com/provider-id":"another"}""")]
    [InlineData(
        """
            {"app.kubernetes.io/managed-by":null,"com.coder.resource":null,"mesh.coder.com/workspace-id":null,
             "mesh.coder.com/provider-id":null,"mesh.coder.com/deployment-id":null}
            """
    )]
    public async Task A_stop_waits_for_a_pod_whose_labels_were_changed_and_names_it(string labels)
    {
        await using var ns = await NewNamespace();
        await using var agent = await ReconciledAgent.Start(ns, Ct);
        var desired = await Running(agent);
        var pod = await Label(ns, labels);
        await agent.Until(
            desired.WorkspaceId,
            "Running beside the other pod",
            r =>
                r.State == WorkspaceState.Running && r.Message.Contains($"used by pod {pod}", StringComparison.Ordinal),
            Ct
        );

        (desired.Generation, desired.Power) = (2, WorkspacePower.Stopped);
        agent.Desire(desired);
        await (await fixture.Get()).Admin.Until(ns.Path("pods"), pods => pods!["items"]!.AsArray().Count == 1, Ct);
        await Task.Delay(TimeSpan.FromSeconds(1), Ct);
        var waiting = await agent.Until(desired.WorkspaceId, "generation 2", r => r.Generation == 2, Ct);
        await End(ns, pod);
        await agent.Until(desired.WorkspaceId, "Stopped", r => r.State == WorkspaceState.Stopped, Ct);

        Assert.Equal(WorkspaceState.Stopping, waiting.State);
        Assert.StartsWith($"Waits for pod {pod} on node ", waiting.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_deletion_waits_for_it_too()
    {
        await using var ns = await NewNamespace();
        await using var agent = await ReconciledAgent.Start(ns, Ct);
        var desired = await Running(agent);
        var pod = await Label(ns, """{"mesh.coder.com/workspace-id":null}""");

        agent.Remove(desired.WorkspaceId, 2);
        await agent.Until(
            desired.WorkspaceId,
            "Deleting, which names the pod",
            r => r.State == WorkspaceState.Deleting && r.Message.Contains($"pod {pod} ", StringComparison.Ordinal),
            Ct
        );
        await End(ns, pod);

        await agent.Until(desired.WorkspaceId, "Deleted", r => r.State == WorkspaceState.Deleted, Ct);
    }

    [Fact]
    public async Task A_pod_that_the_Deployment_still_has_is_the_workspaces_without_its_other_labels()
    {
        await using var ns = await NewNamespace();
        await using var agent = await ReconciledAgent.Start(ns, Ct);
        var desired = await Running(agent);
        await Label(
            ns,
            """{"app.kubernetes.io/managed-by":null,"com.coder.resource":null,"mesh.coder.com/deployment-id":null}"""
        );
        await Task.Delay(TimeSpan.FromSeconds(1), Ct);

        await agent.Until(
            desired.WorkspaceId,
            "Running",
            r => r is { State: WorkspaceState.Running, Code: "", Message: "" },
            Ct
        );
        (desired.Generation, desired.Power) = (2, WorkspacePower.Stopped);
        agent.Desire(desired);
        await agent.Until(desired.WorkspaceId, "Stopped", r => r.State == WorkspaceState.Stopped, Ct);
        Assert.Empty(await ns.List("pods", Ct));
    }

    [Fact]
    public async Task A_pod_that_somebody_made_with_the_disk_is_waited_for_and_nobody_elses_is_heeded()
    {
        await using var ns = await NewNamespace();
        var controlPlane = await fixture.Get();
        await using var agent = await ReconciledAgent.Start(ns, Ct);
        var desired = await Running(agent);
        await controlPlane.Admin.Create(ns.Path("pods"), Pod("backup", $"ws-{desired.WorkspaceId}"), Ct);
        await controlPlane.Admin.Create(ns.Path("pods"), Pod("theirs", "theirs"), Ct);
        await controlPlane.Admin.Create(ns.Path("pods"), Pod("unknown", $"ws-{TestDriver.NewId()}"), Ct);

        (desired.Generation, desired.Power) = (2, WorkspacePower.Stopped);
        agent.Desire(desired);
        var waiting = await agent.Until(
            desired.WorkspaceId,
            "Stopping, which names the pod",
            r =>
                r is { State: WorkspaceState.Stopping, Generation: 2 }
                && r.Message.StartsWith("Waits for pod backup", StringComparison.Ordinal),
            Ct
        );
        await End(ns, "backup");
        await agent.Until(desired.WorkspaceId, "Stopped", r => r.State == WorkspaceState.Stopped, Ct);

        Assert.DoesNotContain("theirs", waiting.Message, StringComparison.Ordinal);
    }

    private async Task<TestNamespace> NewNamespace() =>
        await (await fixture.Get()).CreateNamespace(TestDriver.Rules, Ct);

    private static async Task<WorkspaceDesired> Running(ReconciledAgent agent)
    {
        var desired = TestDriver.Desired(TestDriver.NewId());
        agent.Desire(desired);
        await agent.Until(desired.WorkspaceId, "Running", r => r.State == WorkspaceState.Running, Ct);
        return desired;
    }

    /// <returns>The name of the workspace's pod.</returns>
    private async Task<string> Label(TestNamespace ns, string labels)
    {
        var name = (await ns.List("pods", Ct)).Single()["metadata"]!["name"]!.GetValue<string>();
        var patch = new JsonObject { ["metadata"] = new JsonObject { ["labels"] = JsonNode.Parse(labels) } };
        await (await fixture.Get()).Admin.Patch(ns.Path("pods", name), patch, Ct);
        return name;
    }

    private async Task End(TestNamespace ns, string pod) =>
        await (await fixture.Get()).Admin.Delete(ns.Path("pods", pod), Ct);

    private static JsonNode Pod(string name, string claim) =>
        JsonNode.Parse(
            $$$"""
            {"apiVersion":"v1","kind":"Pod","metadata":{"name":"{{{name}}}"},
             "spec":{"containers":[{"name":"main","image":"registry.example/b:1"}],
              "volumes":[{"name":"disk","persistentVolumeClaim":{"claimName":"{{{claim}}}"} }]} }
            """
        )!;
}
