using Coder.Mesh.Tests.Support.Kubernetes;
using Coder.Mesh.V1;

namespace Coder.Mesh.Kubernetes.Tests;

/// <summary>
/// A workspace that does not come to run, though nothing reports a failure, is Failed in time and says what is known.
/// </summary>
public sealed class StuckStartTests(ControlPlaneFixture fixture)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(4);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_pod_that_no_scheduler_looks_at_is_failed_and_names_the_scheduler()
    {
        var controlPlane = await fixture.Get();
        await using var ns = await controlPlane.CreateNamespace(TestDriver.Rules, Ct);
        await using var webhook = await AdmissionWebhook.Before(controlPlane, ns, Ct, mutating: true);
        webhook.Patches = (r, _) =>
            r is { Operation: "CREATE", Resource: "pods" }
                ? """[{"op":"add","path":"/spec/schedulerName","value":"nobody"}]"""
                : null;

        await Stuck(ns, "no scheduler has reported on it (scheduler \"nobody\"). (for longer than 4s)");
    }

    [Fact]
    public async Task A_pod_of_which_its_node_reports_nothing_is_failed_and_names_the_node()
    {
        var controlPlane = await fixture.Get();
        await using var ns = await controlPlane.CreateNamespace(TestDriver.Rules, Ct);
        await controlPlane.Kubelet.Play(ns, PodPlay.Hold, Ct);

        await Stuck(ns, $"is on node {controlPlane.Node.Name}, which has reported nothing");
    }

    [Fact]
    public async Task A_restart_whose_old_pod_never_ends_is_failed_and_names_the_pod()
    {
        var controlPlane = await fixture.Get();
        await using var ns = await controlPlane.CreateNamespace(TestDriver.Rules, Ct);
        await using var agent = await ReconciledAgent.Start(ns, Ct, Timeout);
        var desired = TestDriver.Desired(TestDriver.NewId());
        agent.Desire(desired);
        await agent.Until(desired.WorkspaceId, "Running", r => r.State == WorkspaceState.Running, Ct);
        await controlPlane.Kubelet.Play(ns, PodPlay.Hold, Ct);

        (desired.Generation, desired.RestartGeneration) = (2, 2);
        agent.Desire(desired);

        var report = await agent.Until(
            desired.WorkspaceId,
            "Failed",
            r =>
                r is { State: WorkspaceState.Failed, Generation: 2 }
                && r.Message.StartsWith($"Waits for pod ws-{desired.WorkspaceId}-", StringComparison.Ordinal),
            Ct
        );
        Assert.Equal("start_timeout", report.Code);
        await controlPlane.Kubelet.Play(ns, PodPlay.Run, Ct);
        await agent.Until(desired.WorkspaceId, "Running", r => r is { State: WorkspaceState.Running, Code: "" }, Ct);
    }

    // Before that, on a busy machine, it may be the controllers that are late.
    private static async Task Stuck(TestNamespace ns, string words)
    {
        await using var agent = await ReconciledAgent.Start(ns, Ct, Timeout);
        var desired = TestDriver.Desired(TestDriver.NewId());
        agent.Desire(desired);
        var report = await agent.Until(
            desired.WorkspaceId,
            words,
            r =>
                r is { State: WorkspaceState.Failed, Code: "start_timeout" }
                && r.Message.Contains(words, StringComparison.Ordinal),
            Ct
        );
        Assert.Contains(report.Timeline.Steps, s => s is { Stage: TimelineStage.Failed, Code: "start_timeout" });
    }
}
