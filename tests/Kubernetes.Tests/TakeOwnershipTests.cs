using Coder.Mesh.Agent.V1;
using Coder.Mesh.Tests.Support.Kubernetes;
using Coder.Mesh.V1;

namespace Coder.Mesh.Kubernetes.Tests;

/// <summary>
/// What another field manager applies is a conflict, which says how to get past it; and the two ways do.
/// </summary>
public sealed class TakeOwnershipTests(ControlPlaneFixture fixture)
{
    private const string Theirs = "another-controller";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static TheoryData<string> Objects { get; } = [.. RefusalCase.Objects];

    [Theory]
    [MemberData(nameof(Objects))]
    public async Task A_conflict_names_the_manager_and_is_taken_over_once(string kind)
    {
        await using var ns = await (await fixture.Get()).CreateNamespace(TestDriver.Rules, Ct);
        await using var agent = await ReconciledAgent.Start(ns, Ct);
        var desired = await Running(agent);
        await Hold(ns, kind, desired.WorkspaceId);

        Next(desired);
        agent.Desire(desired);
        var conflict = await agent.Until(desired.WorkspaceId, "field_conflict", IsConflict, Ct);
        Next(desired);
        desired.TakeOwnershipGeneration = desired.Generation;
        agent.Desire(desired);
        await Ran(agent, desired);

        Assert.Contains($"field manager \"{Theirs}\" has changed .", conflict.Message, StringComparison.Ordinal);
        Assert.Contains("\"mesh workspaces update dev --take-ownership\"", conflict.Message, StringComparison.Ordinal);
        Assert.Contains("\"mesh workspaces start dev\"", conflict.Message, StringComparison.Ordinal);
        Assert.False(await IsTheirs(ns, kind, desired.WorkspaceId));
        // The next generation doesn't take it over again: two who did would go on for ever.
        await Hold(ns, kind, desired.WorkspaceId);
        Next(desired);
        agent.Desire(desired);
        await agent.Until(
            desired.WorkspaceId,
            "field_conflict",
            r => IsConflict(r) && r.Generation == desired.Generation,
            Ct
        );
        Assert.True(await IsTheirs(ns, kind, desired.WorkspaceId));
    }

    [Theory]
    [MemberData(nameof(Objects))]
    public async Task A_stop_takes_over_too_what_it_is_asked_to(string kind)
    {
        await using var ns = await (await fixture.Get()).CreateNamespace(TestDriver.Rules, Ct);
        await using var agent = await ReconciledAgent.Start(ns, Ct);
        var desired = await Running(agent);
        await Hold(ns, kind, desired.WorkspaceId);

        Next(desired);
        desired.Power = WorkspacePower.Stopped;
        desired.TakeOwnershipGeneration = desired.Generation;
        agent.Desire(desired);
        await agent.Until(
            desired.WorkspaceId,
            "Stopped",
            r => (r.State, r.Code, r.Generation) == (WorkspaceState.Stopped, "", desired.Generation),
            Ct
        );

        Assert.False(await IsTheirs(ns, kind, desired.WorkspaceId));
    }

    [Fact]
    public async Task What_its_manager_sets_back_is_no_conflict_at_the_next_try()
    {
        await using var ns = await (await fixture.Get()).CreateNamespace(TestDriver.Rules, Ct);
        await using var agent = await ReconciledAgent.Start(ns, Ct);
        var desired = await Running(agent);
        await Hold(ns, "deployments", desired.WorkspaceId);
        Next(desired);
        agent.Desire(desired);
        await agent.Until(desired.WorkspaceId, "field_conflict", IsConflict, Ct);

        var same = HandWork.Held("deployments", desired.WorkspaceId);
        same["spec"]!["template"]!["spec"]!["containers"]![0]!["image"] = desired.Spec.Image;
        await (await fixture.Get()).Admin.Apply(ns.Path("deployments", $"ws-{desired.WorkspaceId}"), same, Theirs, Ct);
        // As "mesh workspaces start" has it sent again.
        agent.Desire(desired);

        await Ran(agent, desired);
    }

    private static bool IsConflict(Coder.Mesh.Agent.Reconcile.WorkspaceReport report) =>
        report.Code == "field_conflict";

    private static async Task<WorkspaceDesired> Running(ReconciledAgent agent)
    {
        var desired = TestDriver.Desired(TestDriver.NewId());
        agent.Desire(desired);
        await Ran(agent, desired);
        return desired;
    }

    private static Task Ran(ReconciledAgent agent, WorkspaceDesired desired) =>
        agent.Until(
            desired.WorkspaceId,
            $"Running at generation {desired.Generation}",
            r => (r.State, r.Code, r.Generation) == (WorkspaceState.Running, "", desired.Generation),
            Ct
        );

    private static void Next(WorkspaceDesired desired)
    {
        desired.Generation++;
        desired.Details = new WorkspaceDetails
        {
            ServiceAccountAnnotations = { ["example.com/note"] = $"{desired.Generation}" },
        };
    }

    private async Task Hold(TestNamespace ns, string kind, string id) =>
        await (await fixture.Get()).Admin.Apply(ns.Path(kind, $"ws-{id}"), HandWork.Held(kind, id), Theirs, Ct);

    private static async Task<bool> IsTheirs(TestNamespace ns, string kind, string id) =>
        HandWork.IsTheirs(kind, (await ns.Get(kind, $"ws-{id}", Ct))!);
}
