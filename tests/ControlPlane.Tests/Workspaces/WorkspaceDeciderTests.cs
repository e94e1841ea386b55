using Coder.Mesh.ControlPlane.Api;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.History;
using Coder.Mesh.ControlPlane.Mapping;
using Coder.Mesh.ControlPlane.Presence;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Workspaces;
using Coder.Mesh.Protocol;

namespace Coder.Mesh.ControlPlane.Tests.Workspaces;

public sealed class WorkspaceDeciderTests
{
    private static readonly DateTimeOffset At = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly WorkspaceSpec Spec = new("image", "1", "1Gi", "1Gi", []);
    private static readonly CreateWorkspace Create = new("w", "o", "me", "dev", "p", Spec, "", "", At);

    [Fact]
    public void A_new_workspace_is_wished_running_at_generation_one()
    {
        var state = After(null, Create);

        Assert.Equal((DesiredState.Running, 1, ObservedState.Pending), (state.Desired, state.Generation, state.State));
    }

    [Fact]
    public void Each_new_wish_raises_the_generation_and_a_repeated_one_does_nothing()
    {
        var stopped = After(After(null, Create), Change(DesiredState.Stopped));

        Assert.Equal((DesiredState.Stopped, 2), (stopped.Desired, stopped.Generation));
        Assert.Same(Decision<WorkspaceEvent>.Nothing, WorkspaceDecider.Decide(stopped, Change(DesiredState.Stopped)));
    }

    [Fact]
    public void Deletion_is_shown_at_once_and_nothing_is_wished_after_it()
    {
        var deleting = After(After(null, Create), Change(DesiredState.Deleted));

        Assert.Equal(ObservedState.Deleting, deleting.State);
        Assert.Same(Decision<WorkspaceEvent>.Nothing, WorkspaceDecider.Decide(deleting, Change(DesiredState.Deleted)));
        Assert.Equal(
            ErrorReasons.WorkspaceDeleting,
            WorkspaceDecider.Decide(deleting, Change(DesiredState.Running)).Error?.Reason
        );
    }

    [Fact]
    public void Ownership_is_taken_in_a_generation_of_its_own_though_nothing_else_changes()
    {
        var take = Resize("10Gi") with { TakesOwnership = true };
        var state = After(After(null, Create), Resize("10Gi"));

        var taking = After(state, take);
        var stopped = After(taking, Change(DesiredState.Stopped));
        var again = After(stopped, take);

        Assert.Equal((0, state.Generation + 1), (state.TakeOwnershipGeneration, taking.TakeOwnershipGeneration));
        Assert.Equal(taking.Generation, taking.TakeOwnershipGeneration);
        // What comes later doesn't ask for it anew, nor is it forgotten if it comes before the agent has acted.
        Assert.Equal(taking.Generation, stopped.TakeOwnershipGeneration);
        Assert.Equal((stopped.Generation + 1, again.Generation), (again.Generation, again.TakeOwnershipGeneration));
        Assert.Equal(
            (ulong)taking.Generation,
            ControlPlane.Agents.WorkspaceFrames.Desired(stopped).WorkspaceDesired.TakeOwnershipGeneration
        );
    }

    [Theory]
    [InlineData("10Gi", "10Gi", null)]
    [InlineData("10Gi", "15Gi", null)]
    [InlineData("10Gi", "10240Mi", null)]
    [InlineData("10Gi", "9Gi", "10Gi")]
    [InlineData("20Gi", "15Gi", "20Gi")]
    [InlineData("", "1Gi", null)]
    [InlineData(null, "15Gi", "20Gi")]
    public void A_disk_never_shrinks_below_what_the_cluster_has_whatever_was_wished_meanwhile(
        string? held,
        string wished,
        string? least
    )
    {
        var state = After(After(null, Create), Resize("20Gi"));
        state = After(state, Report(2, 1, 1, ObservedState.Running) with { Disk = held });

        var decision = WorkspaceDecider.Decide(state, Resize(wished));

        Assert.Equal(
            least is null ? null : $"must be at least {least}, its current size: a disk cannot shrink",
            decision.Error?.Fields.Single().Rule
        );
        if (least is null)
            Assert.Equal(wished, Assert.IsType<WorkspaceSpecChanged>(Assert.Single(decision.Events)).Spec.Disk);
    }

    [Fact]
    public void What_else_is_changed_does_not_depend_on_the_size_of_the_disk()
    {
        var state = After(After(null, Create), Report(2, 1, 1, ObservedState.Running) with { Disk = "20Gi" });

        var decision = WorkspaceDecider.Decide(state, Update(s => s with { Image = "other" }));

        Assert.Null(decision.Error);
        Assert.Single(decision.Events);
    }

    [Fact]
    public void A_report_of_nothing_but_another_size_of_the_disk_is_kept_and_one_without_it_forgets_none()
    {
        var running = After(After(null, Create), Report(2, 1, 1, ObservedState.Running));

        var grown = After(running, Report(2, 1, 2, ObservedState.Running) with { Disk = "2Gi" });

        Assert.Equal("2Gi", grown.Disk);
        Assert.Equal(running.StateAt, grown.StateAt);
        Assert.Empty(Events(grown, Report(2, 1, 3, ObservedState.Running) with { Disk = "2Gi" }));
        Assert.Equal("2Gi", After(grown, Report(2, 1, 3, ObservedState.Stopping)).Disk);
    }

    [Fact]
    public void R8_a_report_of_an_older_epoch_changes_nothing()
    {
        var running = After(After(null, Create), Report(epoch: 2, generation: 1, version: 5, ObservedState.Running));

        Assert.Empty(Events(running, Report(epoch: 1, generation: 1, version: 9, ObservedState.Failed)));
    }

    [Fact]
    public void A_stale_report_of_the_same_session_changes_nothing()
    {
        var running = After(After(null, Create), Report(2, 1, 5, ObservedState.Running));

        Assert.Empty(Events(running, Report(2, 1, 4, ObservedState.Starting)));
        Assert.Empty(Events(running, Report(2, 1, 5, ObservedState.Starting)));
    }

    [Fact]
    public void A_later_report_counts_though_its_generation_is_lower()
    {
        var state = After(After(null, Create), Change(DesiredState.Stopped));
        state = After(state, Report(2, 2, 3, ObservedState.Stopped));

        var gone = After(state, Report(2, 0, 4, ObservedState.Starting));

        Assert.Equal((ObservedState.Starting, 0), (gone.State, gone.ObservedGeneration));
        Assert.Empty(Events(gone, Report(2, 2, 3, ObservedState.Stopped)));
    }

    [Theory]
    [InlineData(DesiredState.Running, ObservedState.Running, 2, false)]
    [InlineData(DesiredState.Running, ObservedState.Starting, 2, false)]
    [InlineData(DesiredState.Running, ObservedState.Failed, 2, false)]
    [InlineData(DesiredState.Running, ObservedState.Stopping, 2, true)]
    [InlineData(DesiredState.Running, ObservedState.Stopped, 2, true)]
    [InlineData(DesiredState.Running, ObservedState.Running, 1, true)]
    [InlineData(DesiredState.Running, ObservedState.Starting, 0, true)]
    [InlineData(DesiredState.Running, ObservedState.Running, 3, true)]
    [InlineData(DesiredState.Stopped, ObservedState.Stopped, 2, false)]
    [InlineData(DesiredState.Stopped, ObservedState.Stopping, 2, false)]
    [InlineData(DesiredState.Stopped, ObservedState.Starting, 2, true)]
    [InlineData(DesiredState.Stopped, ObservedState.Running, 2, true)]
    [InlineData(DesiredState.Stopped, ObservedState.Stopped, 0, true)]
    public void A_report_that_cannot_come_of_what_is_desired_has_it_sent_again(
        DesiredState desired,
        ObservedState seen,
        long generation,
        bool again
    )
    {
        var state = After(After(null, Create), Change(DesiredState.Stopped));
        state = state with { Desired = desired };
        state = After(state, Report(2, 2, 3, ObservedState.Pending));
        var report = Report(2, generation, 4, seen);

        Assert.Equal(again, WorkspaceDecider.Contradicts(state, report));
        Assert.False(WorkspaceDecider.Contradicts(state, report with { Version = 3 }));
        Assert.False(WorkspaceDecider.Contradicts(state, report with { InSnapshot = true }));
        Assert.True(WorkspaceDecider.Contradicts(state, report with { WantsDesired = true }));
        Assert.False(WorkspaceDecider.Contradicts(null, report with { WantsDesired = true }));
    }

    [Fact]
    public void A_generation_that_is_on_its_way_is_not_sent_again_for_a_report_of_the_one_before()
    {
        var state = After(After(null, Create), Report(2, 1, 1, ObservedState.Starting));
        state = After(state, Change(DesiredState.Stopped));

        Assert.False(WorkspaceDecider.Contradicts(state, Report(2, 1, 2, ObservedState.Running)));
    }

    [Theory]
    [InlineData(DesiredState.Running, ObservedState.Running, "", 2, false)]
    [InlineData(DesiredState.Running, ObservedState.Starting, "", 2, false)]
    [InlineData(DesiredState.Running, ObservedState.Starting, "unschedulable", 2, true)]
    [InlineData(DesiredState.Running, ObservedState.Running, "field_conflict", 2, true)]
    [InlineData(DesiredState.Running, ObservedState.Running, "", 1, true)]
    [InlineData(DesiredState.Running, ObservedState.Stopped, "", 2, true)]
    [InlineData(DesiredState.Running, ObservedState.Failed, "crash_loop", 2, true)]
    [InlineData(DesiredState.Stopped, ObservedState.Stopped, "", 2, false)]
    [InlineData(DesiredState.Stopped, ObservedState.Stopping, "", 2, false)]
    [InlineData(DesiredState.Stopped, ObservedState.Running, "", 2, true)]
    public void What_is_desired_already_is_sent_again_on_request_where_the_cluster_differs(
        DesiredState desired,
        ObservedState seen,
        string code,
        long generation,
        bool again
    )
    {
        var state = After(After(null, Create), Change(DesiredState.Stopped)) with { Desired = desired };
        state = After(state, Report(2, generation, 1, seen) with { Code = code });
        var later = Change(desired) with { At = At.AddSeconds(1), Traceparent = "t" };

        var events = Events(state, later);

        Assert.Equal(again ? [new DesiredStateRepeated(desired, 2, "t", later.At)] : [], events);
        if (!again)
            return;
        var repeated = After(state, later);
        Assert.Equal((2, desired, "t"), (repeated.Generation, repeated.Desired, repeated.Traceparent));
        Assert.Empty(Events(repeated, later with { At = At.AddSeconds(1.9) }));
        Assert.NotEmpty(Events(repeated, later with { At = At.AddSeconds(2) }));
    }

    [Fact]
    public void A_deletion_is_sent_again_on_request_until_it_is_done()
    {
        var deleting = After(After(null, Create), Change(DesiredState.Deleted));
        var again = Change(DesiredState.Deleted) with { At = At.AddSeconds(1) };

        Assert.Equal([new DesiredStateRepeated(DesiredState.Deleted, 2, "", again.At)], Events(deleting, again));
        Assert.Empty(Events(After(deleting, Report(1, 2, 1, ObservedState.Deleted)), again));
    }

    [Fact]
    public void A_report_of_another_provider_or_of_an_unknown_workspace_changes_nothing()
    {
        var state = After(null, Create);

        Assert.Empty(Events(state, Report(1, 1, 1, ObservedState.Running) with { ProviderId = "other" }));
        Assert.Empty(Events(null, Report(1, 1, 1, ObservedState.Running)));
    }

    [Fact]
    public void What_still_runs_does_not_turn_deleting_back_into_running()
    {
        var deleting = After(After(null, Create), Change(DesiredState.Deleted));

        Assert.Empty(Events(deleting, Report(1, 1, 1, ObservedState.Running)));
        Assert.Empty(Events(deleting, Report(1, 1, 1, ObservedState.Deleted)));
        Assert.Empty(Events(deleting, Report(1, 2, 1, ObservedState.Running)));
        Assert.Equal(ObservedState.Deleted, After(deleting, Report(1, 2, 1, ObservedState.Deleted)).State);
    }

    [Fact]
    public void R11_a_report_of_Deleted_that_nobody_wished_changes_nothing() =>
        Assert.Empty(Events(After(null, Create), Report(1, 1, 1, ObservedState.Deleted)));

    [Fact]
    public void R10_a_deleted_workspace_never_comes_back()
    {
        var deleted = After(After(null, Create), Change(DesiredState.Deleted));
        deleted = After(deleted, Report(1, 2, 1, ObservedState.Deleted));

        Assert.True(deleted.Finished);
        Assert.Empty(Events(deleted, Report(9, 2, 9, ObservedState.Running)));
        Assert.Empty(Events(deleted, new RaiseGeneration(99, At)));
        Assert.NotNull(WorkspaceDecider.Decide(deleted, Change(DesiredState.Running)).Error);
    }

    [Fact]
    public void R10_a_cluster_ahead_of_the_store_raises_the_generation_and_wishes_nothing_new()
    {
        var state = After(null, Create);

        var raised = After(state, new RaiseGeneration(7, At));

        Assert.Equal((8, state.Desired), (raised.Generation, raised.Desired));
        Assert.Empty(Events(raised, new RaiseGeneration(8, At)));
    }

    [Fact]
    public void A_generation_that_was_never_given_out_raises_that_of_its_workspace()
    {
        var raised = After(After(null, Create), Report(1, 7, 1, ObservedState.Running));

        Assert.Equal((8, 7, ObservedState.Running), (raised.Generation, raised.ObservedGeneration, raised.State));
    }

    [Fact]
    public void The_same_report_again_is_no_event()
    {
        var running = After(After(null, Create), Report(1, 1, 1, ObservedState.Running));

        Assert.Empty(Events(running, Report(1, 1, 2, ObservedState.Running)));
    }

    [Theory]
    [InlineData(ProviderStatus.Ready, false)]
    [InlineData(ProviderStatus.Pending, false)]
    [InlineData(ProviderStatus.Error, true)]
    public void A_workspace_is_abandoned_where_its_provider_is_in_Error(ProviderStatus status, bool lost)
    {
        var decision = WorkspaceDecider.Decide(After(null, Create), new AbandonWorkspace(status, "why", At));

        Assert.Equal(lost ? null : ErrorReasons.WorkspaceNotStuck, decision.Error?.Reason);
        Assert.Equal(lost ? [new WorkspaceLost("why", At)] : [], decision.Events);
    }

    [Theory]
    [InlineData(299, false)]
    [InlineData(300, true)]
    public void A_deletion_is_stuck_after_five_minutes(int seconds, bool lost)
    {
        var deleting = After(After(null, Create), Change(DesiredState.Deleted));
        var abandon = new AbandonWorkspace(ProviderStatus.Ready, "why", At.AddSeconds(seconds));

        Assert.Equal(lost ? 1 : 0, WorkspaceDecider.Decide(deleting, abandon).Events.Count);
    }

    [Fact]
    public void What_is_lost_is_finished_and_no_report_brings_it_back()
    {
        var lost = After(After(null, Create), new LoseWorkspace("gone", At));

        Assert.True(lost.Finished);
        Assert.Empty(Events(lost, new LoseWorkspace("gone", At)));
        Assert.Empty(Events(lost, Report(9, 1, 9, ObservedState.Running)));
        Assert.Equal(
            ErrorReasons.WorkspaceDeleting,
            WorkspaceDecider.Decide(lost, new AbandonWorkspace(ProviderStatus.Error, "", At)).Error?.Reason
        );
    }

    private static UpdateWorkspace Resize(string disk) => Update(s => s with { Disk = disk });

    private static UpdateWorkspace Update(Func<WorkspaceSpec, WorkspaceSpec> change) => new(change, null, "", "", At);

    [Theory]
    [InlineData("500m", "1Gi", false)]
    [InlineData("0.5", "1024Mi", false)]
    [InlineData("501m", "1Gi", true)]
    [InlineData("0.5", "1025Mi", true)]
    public void Another_notation_of_the_same_quantity_does_not_replace_the_container(
        string cpu,
        string memory,
        bool changes
    )
    {
        var state = After(null, Create)! with { Spec = Create.Spec with { Cpu = "500m", Memory = "1Gi" } };

        var same = (state.Spec with { Cpu = cpu, Memory = memory }).SameAs(state.Spec);

        Assert.Equal(!changes, same);
    }

    private static ChangeDesiredState Change(DesiredState desired) => new(desired, "", "", At);

    private static ObserveWorkspace Report(long epoch, long generation, long version, ObservedState state) =>
        new("p", epoch, generation, version, state, "", "", At);

    private static IReadOnlyList<WorkspaceEvent> Events(Workspace? state, WorkspaceCommand command) =>
        WorkspaceDecider.Decide(state, command).Events;

    private static Workspace After(Workspace? state, WorkspaceCommand command)
    {
        var events = Events(state, command);
        Assert.NotEmpty(events);
        return events.Aggregate(state, (s, e) => Workspace.Fold(s, "workspace-w", e))!;
    }
}
