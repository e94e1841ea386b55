using System.Text.Json.Nodes;
using Coder.Mesh.Agent.Reconcile;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.Tests.Support.Kubernetes;
using Coder.Mesh.V1;

namespace Coder.Mesh.Kubernetes.Tests;

/// <summary>
/// Somebody deletes the claim of a workspace that runs: its pod keeps it until the workspace stops or restarts.
/// </summary>
public sealed class DeletedVolumeTests(ControlPlaneFixture fixture)
{
    private const string Claims = "persistentvolumeclaims";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_runs_on_and_says_so_and_a_restart_comes_true_with_a_new_disk()
    {
        await using var ns = await NewNamespace();
        await using var agent = await ReconciledAgent.Start(ns, Ct);
        var desired = await RunningWithoutClaim(ns, agent);
        var (claim, pod) = (await Uid(ns, Claims, desired), (await ns.List("pods", Ct)).Single());

        // A session that begins anew sends what was sent before.
        agent.Desire(desired);
        await agent.Until(desired.WorkspaceId, "Running volume_deleting", IsPendingDeletion, Ct);
        Assert.Equal(
            pod["metadata"]!["uid"]!.GetValue<string>(),
            (await ns.List("pods", Ct)).Single()["metadata"]!["uid"]!.GetValue<string>()
        );

        desired.RestartGeneration = ++desired.Generation;
        agent.Desire(desired);
        await Becomes(agent, desired, WorkspaceState.Running);

        Assert.NotEqual(claim, await Uid(ns, Claims, desired));
    }

    [Fact]
    public async Task A_stop_comes_true_and_lets_the_disk_go()
    {
        await using var ns = await NewNamespace();
        await using var agent = await ReconciledAgent.Start(ns, Ct);
        var desired = await RunningWithoutClaim(ns, agent);
        var claim = await Uid(ns, Claims, desired);

        desired.Generation++;
        desired.Power = WorkspacePower.Stopped;
        agent.Desire(desired);
        await Becomes(agent, desired, WorkspaceState.Stopped);

        var path = ns.Path(Claims, $"ws-{desired.WorkspaceId}");
        await (await fixture.Get()).Admin.Until(
            path,
            c => c is null || c["metadata"]!["uid"]!.GetValue<string>() != claim,
            Ct
        );
    }

    [Fact]
    public async Task A_disk_beyond_a_limit_range_has_a_code_of_its_own()
    {
        await using var ns = await NewNamespace();
        await using var agent = await ReconciledAgent.Start(ns, Ct);
        var limit = JsonNode.Parse(
            """
            {"apiVersion":"v1","kind":"LimitRange","metadata":{"name":"small"},
             "spec":{"limits":[{"type":"PersistentVolumeClaim","max":{"storage":"1Gi"}}]}}
            """
        )!;
        await (await fixture.Get()).Admin.Create(ns.Path("limitranges"), limit, Ct);
        var desired = TestDriver.Desired(TestDriver.NewId());

        agent.Desire(desired);
        var refused = await agent.Until(
            desired.WorkspaceId,
            "Failed limit_exceeded",
            r => (r.State, r.Code) == (WorkspaceState.Failed, "limit_exceeded"),
            Ct
        );

        Assert.Contains(
            "maximum storage usage per PersistentVolumeClaim is 1Gi",
            refused.Message,
            StringComparison.Ordinal
        );
    }

    private static bool IsPendingDeletion(WorkspaceReport report) =>
        (report.State, report.Code) == (WorkspaceState.Running, "volume_deleting");

    private async Task<WorkspaceDesired> RunningWithoutClaim(TestNamespace ns, ReconciledAgent agent)
    {
        var desired = TestDriver.Desired(TestDriver.NewId());
        agent.Desire(desired);
        await Becomes(agent, desired, WorkspaceState.Running);
        await (await fixture.Get()).Admin.Delete(ns.Path(Claims, $"ws-{desired.WorkspaceId}"), Ct);
        await agent.Until(desired.WorkspaceId, "Running volume_deleting", IsPendingDeletion, Ct);
        return desired;
    }

    private static Task Becomes(ReconciledAgent agent, WorkspaceDesired desired, WorkspaceState state) =>
        agent.Until(
            desired.WorkspaceId,
            $"{state} at generation {desired.Generation}",
            r => (r.State, r.Code, r.Generation) == (state, "", desired.Generation),
            Ct
        );

    private static async Task<string> Uid(TestNamespace ns, string kind, WorkspaceDesired desired) =>
        (await ns.Get(kind, $"ws-{desired.WorkspaceId}", Ct))!["metadata"]!["uid"]!.GetValue<string>();

    private async Task<TestNamespace> NewNamespace() =>
        await (await fixture.Get()).CreateNamespace(TestDriver.Rules, Ct);
}
