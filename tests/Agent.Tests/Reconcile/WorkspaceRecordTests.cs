using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.Reconcile;
using Coder.Mesh.Agent.Tests.Fakes;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.V1;

namespace Coder.Mesh.Agent.Tests.Reconcile;

public sealed class WorkspaceRecordTests
{
    private static readonly WorkspaceRecord New = new("w1");
    private static readonly DateTimeOffset At = DateTimeOffset.UnixEpoch;

    private static WorkspaceRecord Desired(ulong generation) =>
        New.WithDesired(DesiredStates.Running("w1", generation), "");

    private static ClusterWorkspace Seen(ulong generation, WorkspaceState state) => new("w1", generation, state);

    [Fact]
    public void Newer_wish_takes_the_place_of_an_older_one()
    {
        var record = Desired(1).WithDesired(DesiredStates.Running("w1", 2), "trace");

        Assert.Equal((2ul, WorkKind.Apply, "trace"), (record.DesiredGeneration, record.Work, record.Traceparent));
    }

    [Fact]
    public void Older_wish_changes_nothing()
    {
        var record = Desired(2);

        Assert.Same(record, record.WithDesired(DesiredStates.Running("w1", 1), ""));
        Assert.Same(record, record.WithRemoval(1, ""));
    }

    [Fact]
    public void Same_generation_is_applied_again()
    {
        var applied = Desired(2).Applied(Desired(2).Desired!);
        var record = Desired(2);
        record = record.Applied(record.Desired!);

        Assert.Equal(WorkKind.Apply, applied.Work);
        Assert.Equal(WorkKind.None, record.Work);
        Assert.Equal(WorkKind.Apply, record.WithDesired(DesiredStates.Running("w1", 2), "").Work);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Tombstone_keeps_wishes_of_its_generation_and_older_out(ulong generation)
    {
        var removed = Answered(Desired(1).WithRemoval(2, ""), found: false);

        Assert.Same(removed, removed.WithDesired(DesiredStates.Running("w1", generation), ""));
        Assert.Equal(WorkKind.Apply, removed.WithDesired(DesiredStates.Running("w1", 3), "").Work);
    }

    [Fact]
    public void Removal_that_finds_nothing_is_deleted_at_once()
    {
        var record = Answered(New.WithRemoval(4, ""), found: false);

        Assert.Equal(new WorkspaceReport("w1", 4, WorkspaceState.Deleted), record.Report());
    }

    [Fact]
    public void Removal_that_finds_something_is_deleting_until_the_cluster_is_asked_again()
    {
        var deleting = Answered(New.Seen(Seen(3, WorkspaceState.Running)).WithRemoval(4, ""), found: true);
        var gone = deleting.SeenGone();

        Assert.Equal(WorkspaceState.Deleting, deleting.Report()?.State);
        Assert.Equal((WorkspaceState.Deleting, WorkKind.Remove), (gone.Report()?.State, gone.Work));
        Assert.Equal(WorkspaceState.Deleted, Answered(gone, found: false).Report()?.State);
    }

    [Fact]
    public void That_nothing_is_left_may_be_heard_before_the_answer_that_something_was()
    {
        var asked = New.Seen(Seen(3, WorkspaceState.Deleting)).WithRemoval(4, "");
        var heard = asked.SeenGone();

        var answered = heard.RemoveAnswered(asked, found: true);

        // Nothing more will be heard: whoever forgot the work now would wait until the next resync.
        Assert.Equal(WorkKind.Remove, answered.Work);
        Assert.Equal(WorkKind.None, answered.RemoveAnswered(answered, found: true).Work);
    }

    [Fact]
    public void R11_absence_is_never_a_reason_to_delete_but_to_apply_what_is_desired()
    {
        var record = Desired(1);
        record = record.Applied(record.Desired!).Seen(Seen(1, WorkspaceState.Running));

        Assert.Equal((WorkKind.Apply, null), (record.SeenGone().Work, record.SeenGone().Report()));
        Assert.Equal(WorkKind.None, record.Detached().SeenGone().Work);
    }

    [Fact]
    public void What_differs_from_what_was_applied_is_applied_again_once_for_each_difference()
    {
        var record = Desired(1);
        record = record.Applied(record.Desired!).Seen(Seen(1, WorkspaceState.Running));
        Assert.Equal(WorkKind.None, record.Work);

        record = record.Seen(Seen(1, WorkspaceState.Running) with { Drift = "a b" });
        Assert.Equal(WorkKind.Apply, record.Work);
        // It doesn't go by that, or hasn't been seen to; and another one has come meanwhile.
        record = record.Applied(record.Desired!, "a b").Seen(Seen(1, WorkspaceState.Running) with { Drift = "a b" });
        Assert.Equal(WorkKind.None, record.Work);
        Assert.Equal(WorkKind.Apply, record.Seen(Seen(1, WorkspaceState.Running) with { Drift = "a b c" }).Work);
        // What was set right and comes again is new.
        record = record.Seen(Seen(1, WorkspaceState.Running) with { Drift = "b" });
        Assert.Equal(WorkKind.None, record.Work);
        Assert.Equal(WorkKind.Apply, record.Seen(Seen(1, WorkspaceState.Running) with { Drift = "a b" }).Work);
    }

    [Fact]
    public void What_has_come_to_differ_during_an_apply_is_applied_after_it_and_what_is_refused_is_not_tried_in_a_loop()
    {
        var record = Desired(1).Seen(Seen(1, WorkspaceState.Running) with { Drift = "a" });

        Assert.Equal(WorkKind.Apply, record.Applied(record.Desired!, "").Work);
        Assert.Equal(WorkKind.None, record.Applied(record.Desired!, "a").Work);
        var refused = record.Failed(record, new Failure("quota_exceeded", "no", false, At), "a");
        Assert.Equal(WorkKind.None, refused.Seen(Seen(1, WorkspaceState.Starting) with { Drift = "a" }).Work);
        Assert.Equal(WorkKind.Apply, record.Failed(record, new Failure("conflict", "no", true, At), "a").Work);
    }

    [Theory]
    [InlineData(WorkspacePower.Running, WorkspaceState.Stopped, 1, true)]
    [InlineData(WorkspacePower.Running, WorkspaceState.Stopping, 1, true)]
    [InlineData(WorkspacePower.Running, WorkspaceState.Starting, 1, false)]
    [InlineData(WorkspacePower.Running, WorkspaceState.Failed, 1, false)]
    [InlineData(WorkspacePower.Running, WorkspaceState.Stopped, 0, false)]
    [InlineData(WorkspacePower.Stopped, WorkspaceState.Running, 1, true)]
    [InlineData(WorkspacePower.Stopped, WorkspaceState.Starting, 1, true)]
    [InlineData(WorkspacePower.Stopped, WorkspaceState.Stopping, 1, false)]
    public void What_was_scaled_by_hand_is_applied_again(
        WorkspacePower power,
        WorkspaceState seen,
        ulong generation,
        bool again
    )
    {
        var desired = new WorkspaceDesired
        {
            WorkspaceId = "w1",
            Generation = 1,
            Power = power,
        };
        var record = New.WithDesired(desired, "").Applied(desired);

        Assert.Equal(again ? WorkKind.Apply : WorkKind.None, record.Seen(Seen(generation, seen)).Work);
    }

    [Fact]
    public void Where_it_is_not_known_what_is_desired_the_report_asks_for_it_until_it_is()
    {
        var record = New.Seen(Seen(1, WorkspaceState.Running) with { Drift = "a" });

        Assert.True(record.Report()!.ResendDesired);
        Assert.True(record.Detached().Report()!.ResendDesired);
        var desired = new WorkspaceDesired { WorkspaceId = "w1", Generation = 1 };
        var applied = record.WithDesired(desired, "").Applied(desired, "a");
        Assert.False(applied.Report()!.ResendDesired);
        // Nor does the next session ask for what was set right as far as it can be.
        Assert.False(applied.Detached().Report()!.ResendDesired);
    }

    [Fact]
    public void Refused_generation_is_failed_and_tried_again_at_a_resync()
    {
        var failed = Failed(
            Desired(2).Seen(Seen(1, WorkspaceState.Running)),
            new Failure("field_conflict", "replicas", false, At)
        );

        Assert.Equal(
            new WorkspaceReport("w1", 2, WorkspaceState.Failed, "field_conflict", "replicas")
            {
                Timeline = Told(TimelineStage.Failed, "call/2/field_conflict", "field_conflict", "replicas"),
            },
            failed.Report()
        );
        Assert.Equal(WorkKind.None, failed.Work);
        Assert.Equal(WorkKind.Apply, failed.Retried().Work);
    }

    [Theory]
    [InlineData(WorkspaceState.Running)]
    [InlineData(WorkspaceState.Starting)]
    [InlineData(WorkspaceState.Stopping)]
    [InlineData(WorkspaceState.Stopped)]
    public void What_was_refused_besides_is_told_with_the_state_and_tried_again_at_a_resync(WorkspaceState state)
    {
        var desired = DesiredStates.Running("w1", 2);
        if (state is WorkspaceState.Stopping or WorkspaceState.Stopped)
            desired.Power = WorkspacePower.Stopped;
        var record = New.WithDesired(desired, "")
            .Applied(desired, new ClusterRefusal("disk_resize_refused", "stays"), At)
            .Seen(Seen(2, state));

        Assert.Equal(
            new WorkspaceReport("w1", 2, state, "disk_resize_refused", "stays")
            {
                Timeline = Told(TimelineStage.Notice, "call/2/disk_resize_refused", "disk_resize_refused", "stays"),
            },
            record.Report()
        );
        Assert.Equal(WorkKind.None, record.Work);
        Assert.Equal(WorkKind.Apply, record.Retried().Work);
        Assert.Equal("", record.Retried().Applied(record.Desired!).Report()!.Code);
    }

    [Theory]
    [InlineData(WorkspaceState.Starting, WorkspaceState.Failed)]
    [InlineData(WorkspaceState.Failed, WorkspaceState.Failed)]
    [InlineData(WorkspaceState.Running, WorkspaceState.Running)]
    public void Without_what_a_pod_needs_a_workspace_is_failed_unless_it_runs(WorkspaceState seen, WorkspaceState told)
    {
        var record = Refusing(new ClusterRefusal("quota_exceeded", "no disk", Essential: true)).Seen(Seen(2, seen));

        var report = record.Report()!;

        Assert.Equal((told, "quota_exceeded", "no disk"), (report.State, report.Code, report.Message));
    }

    [Fact]
    public void What_the_cluster_says_itself_goes_before_what_was_refused_besides()
    {
        var waits = Seen(2, WorkspaceState.Starting) with { Code = "unschedulable", Message = "no room" };

        var report = Refusing(new ClusterRefusal("disk_resize_refused", "stays")).Seen(waits).Report()!;

        Assert.Equal(
            (WorkspaceState.Starting, "unschedulable", "no room stays"),
            (report.State, report.Code, report.Message)
        );
    }

    [Fact]
    public void What_was_refused_of_a_generation_is_not_told_of_an_older_one()
    {
        var record = Refusing(new ClusterRefusal("disk_resize_refused", "stays")).Seen(Seen(1, WorkspaceState.Running));

        Assert.Equal(new WorkspaceReport("w1", 1, WorkspaceState.Running), record.Report());
    }

    [Fact]
    public void The_size_of_the_disk_is_told_as_the_cluster_has_it()
    {
        var held = new HeldWorkspace { Spec = new WorkspaceSpec { Disk = "10Gi" } };

        Assert.Null(Desired(1).Seen(Seen(1, WorkspaceState.Running)).Report()!.Disk);
        Assert.Equal("10Gi", Desired(1).Seen(Seen(1, WorkspaceState.Running) with { Held = held }).Report()!.Disk);
    }

    [Fact]
    public void Fulfilled_wish_is_left_alone_at_a_resync()
    {
        var record = Desired(2);
        record = record.Applied(record.Desired!).Seen(Seen(2, WorkspaceState.Running));

        Assert.Same(record, record.Retried());
        Assert.Equal(WorkKind.Apply, record.Seen(Seen(2, WorkspaceState.Starting)).Retried().Work);
    }

    [Fact]
    public void Transient_failure_leaves_the_work_and_is_told_when_it_lasts()
    {
        var once = Failed(Desired(1), new Failure("cluster_unreachable", "refused", true, At));
        var twice = Failed(once, new Failure("cluster_unreachable", "refused", true, At.AddSeconds(1)));
        var thrice = Failed(twice, new Failure("cluster_unreachable", "refused", true, At.AddSeconds(3)));

        Assert.Equal(WorkKind.Apply, once.Work);
        Assert.Null(once.Report());
        Assert.Equal(
            new WorkspaceReport("w1", 1, WorkspaceState.Pending, "", "refused")
            {
                Timeline = Told(TimelineStage.Waiting, "call/1/cluster_unreachable", "", "refused"),
            },
            thrice.Report()
        );
    }

    [Fact]
    public void What_runs_says_what_its_newer_wish_waits_for_until_that_is_done()
    {
        var refused = new Failure("cluster_unavailable", "etcd has no leader", true, At);
        var waits = Failed(Failed(Desired(2).Seen(Seen(1, WorkspaceState.Running)), refused), refused);
        Assert.Equal("", waits.Report()!.Message);

        waits = Failed(waits, refused);
        var done = waits.Applied(waits.Desired!);

        Assert.Equal(
            (1ul, WorkspaceState.Running, "Generation 2 waits for the cluster: etcd has no leader"),
            (waits.Report()!.Generation, waits.Report()!.State, waits.Report()!.Message)
        );
        Assert.Equal("", done.Report()!.Message);
    }

    [Fact]
    public void Outcome_of_an_older_wish_changes_nothing()
    {
        var old = Desired(1);
        var record = old.WithDesired(DesiredStates.Running("w1", 2), "");

        Assert.Same(record, record.Applied(old.Desired!));
        Assert.Same(record, record.Failed(old, new Failure("code", "", false, At)));
        Assert.Same(record, record.RemoveAnswered(Desired(1), found: false));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Failure_of_a_request_that_was_sent_again_in_its_generation_leaves_the_later_one_to_be_done(
        bool transient
    )
    {
        var failure = new Failure("cluster_refused", "no", transient, At);
        var (desired, removal) = (Desired(2), Desired(1).WithRemoval(2, ""));
        var (desiredAgain, removedAgain) = (
            desired.WithDesired(DesiredStates.Running("w1", 2), ""),
            removal.WithRemoval(2, "")
        );

        Assert.Same(desiredAgain, desiredAgain.Failed(desired, failure));
        Assert.Same(removedAgain, removedAgain.Failed(removal, failure));
        Assert.Equal((WorkKind.Apply, WorkKind.Remove), (desiredAgain.Work, removedAgain.Work));
    }

    [Fact]
    public void Wishes_end_with_their_session_and_what_the_cluster_holds_does_not()
    {
        var failed = Failed(Desired(2).Seen(Seen(1, WorkspaceState.Running)), new Failure("code", "", false, At));
        var record = failed.Detached();

        Assert.Equal(new WorkspaceReport("w1", 1, WorkspaceState.Running), record.Report());
        Assert.True(Desired(2).Detached().Empty);
    }

    [Fact]
    public void What_was_seen_of_the_generation_that_is_refused_stays_told_and_that_of_an_older_one_does_not()
    {
        var seen = Told(TimelineStage.Scheduled, "pod/scheduled");

        Timeline Report(ulong generation) =>
            Failed(
                    Desired(2).Seen(Seen(generation, WorkspaceState.Starting) with { Timeline = seen }),
                    new Failure("field_conflict", "", false, At)
                )
                .Report()!
                .Timeline;

        Assert.Equal(["pod/scheduled", "call/2/field_conflict"], Report(2).Steps.Select(s => s.Id));
        Assert.Equal(["call/2/field_conflict"], Report(1).Steps.Select(s => s.Id));
    }

    [Fact]
    public void What_has_happened_is_reported_with_the_state()
    {
        var seen = Told(TimelineStage.Scheduled, "pod/scheduled");

        var record = Desired(1).Seen(Seen(1, WorkspaceState.Starting) with { Timeline = seen });

        Assert.Same(seen, record.Report()!.Timeline);
    }

    [Fact]
    public void A_stop_whose_objects_do_not_take_its_generation_is_over_when_nothing_runs_or_is_asked_for()
    {
        var stop = DesiredStates.Running("w1", 2);
        stop.Power = WorkspacePower.Stopped;
        var record = New.WithDesired(stop, "");
        record = record.Applied(record.Desired!, new ClusterRefusal("cluster_refused", "no"), At);
        var before = Seen(1, WorkspaceState.Stopping) with { Message = "Waits for pod p." };

        var nothing = record.Report()!;
        var stopping = record.Seen(before).Report()!;
        var stopped = record.Seen(Seen(1, WorkspaceState.Stopped) with { Idle = true }).Report()!;
        // A volume alone.
        var alone = record.Seen(Seen(0, WorkspaceState.Starting) with { Idle = true }).Report()!;

        var timeline = nothing.Timeline;
        Assert.Equal(["call/2/cluster_refused"], timeline.Steps.Select(s => s.Id));
        WorkspaceReport Expected(WorkspaceState state, string message) =>
            new("w1", 2, state, "cluster_refused", message) { Timeline = timeline };
        Assert.Equal(Expected(WorkspaceState.Stopping, "Waits for pod p. no"), stopping);
        foreach (var report in new[] { nothing, stopped, alone })
            Assert.Equal(Expected(WorkspaceState.Stopped, "no"), report);
    }

    [Fact]
    public void A_deletion_that_is_refused_says_why_and_what_is_left()
    {
        var going = Seen(1, WorkspaceState.Deleting) with { Message = "Waits for pod p." };

        var record = Failed(Desired(1).Seen(going).WithRemoval(2, ""), new Failure("cluster_refused", "no", false, At));

        Assert.Equal(new WorkspaceReport("w1", 2, WorkspaceState.Deleting, "", "no Waits for pod p."), record.Report());
    }

    private static WorkspaceRecord Failed(WorkspaceRecord asked, Failure failure) => asked.Failed(asked, failure);

    private static WorkspaceRecord Answered(WorkspaceRecord asked, bool found) => asked.RemoveAnswered(asked, found);

    private static WorkspaceRecord Refusing(ClusterRefusal refusal)
    {
        var wished = Desired(2);
        return wished.Applied(wished.Desired!, refusal, At);
    }

    private static Timeline Told(TimelineStage stage, string id, string code = "", string message = "") =>
        Timeline.Empty.With(new TimelineStep(id, At, stage, code, message));
}
