namespace Coder.Mesh.EndToEnd.Tests.Chaos;

/// <summary>Histories by hand: what the checker accepts, and each way in which it must not.</summary>
public sealed class CheckerTests
{
    private const string Id = "w1";

    private static readonly Write Create = Acknowledged("r1", WriteKind.Create, 1, at: 0);
    private static readonly Write Stop = Acknowledged("r2", WriteKind.Stop, 2, at: 10);
    private static readonly Write Delete = Acknowledged("r3", WriteKind.Delete, 3, at: 20);

    private static readonly StoredEvent Created = new(Id, EventKind.Created, 1, "r1", "dev");
    private static readonly StoredEvent StopRequested = new(Id, EventKind.StopRequested, 2, "r2");
    private static readonly StoredEvent DeleteRequested = new(Id, EventKind.DeleteRequested, 3, "r3");

    private static readonly ClusterObject Deployment = new("deployments", "ws-w1", Id, 1, 1);
    private static readonly ClusterObject Claim = new("persistentvolumeclaims", "ws-w1", Id, 1);
    private static readonly ClusterObject Pod = new("pods", "ws-w1-x", Id);

    private static readonly History Runs = new(
        [Create],
        [Created, Seen(State.Starting, 0), Seen(State.Starting, 1), Seen(State.Running, 1)],
        [new(Id, 1, "Running", State.Running)],
        [Deployment, Claim, Pod]
    );

    private static readonly History Stopped = new(
        [Create, Stop],
        [Created, Seen(State.Running, 1), StopRequested, Seen(State.Stopping, 2), Seen(State.Stopped, 2)],
        [new(Id, 2, "Stopped", State.Stopped)],
        [Deployment with { Generation = 2, Replicas = 0 }, Claim]
    );

    private static readonly History Gone = new(
        [Create, Stop, Delete],
        [Created, StopRequested, DeleteRequested, Seen(State.Deleting, 3), Seen(State.Deleted, 3)],
        [new(Id, 3, "Deleted", State.Deleted)],
        []
    );

    private static readonly History Nothing = new([], [], [], []);

    [Fact]
    public void A_workspace_that_runs_stops_and_goes_is_as_promised() =>
        Assert.All([Runs, Stopped, Gone, Nothing], history => Assert.Empty(Checker.Violations(history)));

    [Fact]
    public void An_acknowledged_create_that_is_not_in_the_store_is_lost() =>
        Violates(Nothing with { Writes = [Create] }, "Create dev (r1) was acknowledged and isn't in the store");

    [Fact]
    public void An_acknowledged_wish_that_is_not_in_the_store_is_lost() =>
        Violates(Runs with { Writes = [Create, Stop] }, "Stop dev (r2) was acknowledged and isn't in the store");

    [Fact]
    public void A_write_that_took_effect_twice_is_told() =>
        Violates(
            Stopped with
            {
                Events =
                [
                    .. Stopped.Events,
                    new(Id, EventKind.StartRequested, 3, "r4"),
                    StopRequested with
                    {
                        Generation = 4,
                    },
                ],
            },
            "Stop dev (r2) took effect 2 times"
        );

    [Fact]
    public void An_unanswered_write_may_have_taken_effect_once_or_not_but_not_twice()
    {
        var silent = Unanswered("r1", WriteKind.Create);

        Assert.Empty(Checker.Violations(Runs with { Writes = [silent] }));
        Assert.Empty(Checker.Violations(Nothing with { Writes = [silent] }));
        var twice = Runs.Events.Concat(Runs.Events.Select(e => e with { WorkspaceId = "w2" }));
        Violates(Runs with { Writes = [silent], Events = [.. twice] }, "Create dev (r1) took effect 2 times");
    }

    [Fact]
    public void A_refused_write_that_took_effect_is_told()
    {
        var refused = new Write("r2", WriteKind.Stop, "dev", Id, [new(10, 11, Verdict.Refused, "WORKSPACE_DELETING")]);

        Assert.Empty(Checker.Violations(Runs with { Writes = [Create, refused] }));
        Violates(
            Stopped with
            {
                Writes = [Create, refused],
            },
            "Stop dev (r2) was refused (WORKSPACE_DELETING) and took effect"
        );
    }

    [Fact]
    public void A_refusal_after_silence_does_not_tell_whether_the_first_was_done()
    {
        var mixed = new Write(
            "r1",
            WriteKind.Create,
            "dev",
            "",
            [new(0, 1, Verdict.Unanswered), new(2, 3, Verdict.Refused, "PLACEMENT_REFUSED")]
        );

        Assert.Empty(Checker.Violations(Runs with { Writes = [mixed] }));
        Assert.Empty(Checker.Violations(Nothing with { Writes = [mixed] }));
    }

    [Fact]
    public void What_nobody_asked_for_is_told() =>
        Violates(Runs with { Writes = [] }, "Created of w1 has no write (request id \"r1\")");

    [Fact]
    public void A_repetition_that_is_answered_with_another_workspace_is_told()
    {
        var two = Create with { Attempts = [.. Create.Attempts, new(2, 3, Verdict.Acknowledged, "", "w2", 1)] };

        Violates(Runs with { Writes = [two] }, "Create dev (r1) was acknowledged for different workspaces");
    }

    [Fact]
    public void An_effect_on_another_workspace_or_of_another_kind_is_told()
    {
        Violates(
            Stopped with
            {
                Writes = [Create, Stop with { WorkspaceId = "w2" }],
            },
            "Stop dev (r2) took effect as StopRequested of w1"
        );
        Violates(
            Stopped with
            {
                Writes = [Create, Stop with { Kind = WriteKind.Start }],
            },
            "Start dev (r2) took effect as StopRequested of w1"
        );
        Violates(
            Runs with
            {
                Writes = [Acknowledged("r1", WriteKind.Create, 1, at: 0, id: "w9")],
            },
            "Create dev (r1) took effect as Created of w1"
        );
    }

    [Fact]
    public void A_wish_that_is_fulfilled_already_needs_no_effect_of_its_own()
    {
        var again = Acknowledged("r9", WriteKind.Stop, 2, at: 20);

        Assert.Empty(Checker.Violations(Stopped with { Writes = [Create, Stop, again] }));
        Violates(Stopped with { Writes = [Create, Stop, again with { Kind = WriteKind.Start }] }, "Start dev (r9)");
    }

    [Fact]
    public void An_effect_that_comes_before_what_was_answered_before_it_was_sent_is_told() =>
        Violates(
            Gone with
            {
                Writes = [Create, Acknowledged("r2", WriteKind.Stop, 2, at: 30), Delete],
            },
            "Stop dev (r2) took effect at generation 2, though Delete dev (r3) had been answered with 3"
        );

    [Theory]
    [InlineData(nameof(State.Running), 3, "Running seen at generation 3, which was the effect of a Delete")]
    [InlineData(nameof(State.Running), 2, "Running seen at generation 2, which was the effect of a Stop")]
    [InlineData(nameof(State.Running), 4, "Running seen at generation 4, which was not given out before 3")]
    [InlineData(nameof(State.Deleting), 1, "Deleting seen at generation 1 after Deleting at 3")]
    public void What_is_seen_belongs_to_what_was_wished_then(string state, long generation, string violation) =>
        Violates(
            Gone with
            {
                Events =
                [
                    .. Gone.Events.SkipLast(1),
                    Seen(Enum.Parse<State>(state), generation),
                    Seen(State.Deleted, 3),
                ],
            },
            violation
        );

    [Fact]
    public void Nothing_comes_after_Deleted()
    {
        Violates(
            Gone with
            {
                Events = [.. Gone.Events, Seen(State.Deleting, 3)],
            },
            "w1: Observed Deleting after Deleted"
        );
        Violates(
            Gone with
            {
                Events = [.. Gone.Events, new(Id, EventKind.StartRequested, 4, "r4")],
            },
            "w1: StartRequested after its deletion was asked for"
        );
    }

    [Fact]
    public void A_stopped_workspace_does_not_run_again_by_itself() =>
        Violates(
            Stopped with
            {
                Events = [.. Stopped.Events, Seen(State.Stopping, 2), Seen(State.Stopped, 2)],
            },
            "w1: Stopping after Stopped, both at generation 2"
        );

    [Fact]
    public void Generations_follow_each_other_and_are_never_lost()
    {
        Violates(
            Stopped with
            {
                Events = [Created, StopRequested with { Generation = 3 }, Seen(State.Stopped, 3)],
            },
            "w1: StopRequested at generation 3 after 1"
        );
        Violates(
            Runs with
            {
                Events = [.. Runs.Events, new(Id, EventKind.GenerationRaised, 8)],
            },
            "w1: the store was behind its cluster and raised generation 1"
        );
        Violates(
            Runs with
            {
                Events = [.. Runs.Events, new(Id, EventKind.Lost, 1)],
            },
            "w1: Lost, though nobody gave it up"
        );
    }

    [Fact]
    public void Running_before_anything_was_applied_is_told() =>
        Violates(
            Runs with
            {
                Events = [Created, Seen(State.Running, 0)],
            },
            "Running seen before any generation was applied"
        );

    [Fact]
    public void What_is_shown_is_what_the_events_say()
    {
        Violates(Runs with { Workspaces = [] }, "w1 has events and is not shown");
        Violates(Runs with { Workspaces = [new(Id, 1, "Running", State.Starting)] }, "w1 is shown as");
        Violates(Nothing with { Workspaces = Runs.Workspaces }, "w1 is shown and has no events");
    }

    [Fact]
    public void What_was_wished_has_come_to_be_at_the_end() =>
        Violates(
            Gone with
            {
                Events = [.. Gone.Events.SkipLast(1)],
                Workspaces = [new(Id, 3, "Deleted", State.Deleting)],
            },
            "w1 should be Deleted and has stayed Deleting"
        );

    [Fact]
    public void The_cluster_holds_exactly_what_the_store_says()
    {
        Violates(Runs with { Objects = [Claim, Pod] }, "w1 should have ClusterObject");
        Violates(
            Runs with
            {
                Objects = [Deployment with { Generation = 0 }, Claim, Pod],
            },
            "w1 should have ClusterObject"
        );
        Violates(
            Runs with
            {
                Objects = [Deployment with { Replicas = 0 }, Claim, Pod],
            },
            "w1 should have ClusterObject"
        );
        Violates(Runs with { Objects = [Deployment, Pod] }, "w1 should have one volume and has");
        Violates(Runs with { Objects = [Deployment, Claim] }, "w1 should have 1 pods and has");
        Violates(Gone with { Objects = [Claim] }, "the cluster has persistentvolumeclaims ws-w1, which is no");
        Violates(Gone with { Objects = [new("secrets", "x")] }, "the cluster has secrets x, which is no");
    }

    private static StoredEvent Seen(State state, long generation) =>
        new(Id, EventKind.Observed, generation, State: state);

    private static Write Acknowledged(string request, WriteKind kind, long generation, double at, string id = Id) =>
        new(
            request,
            kind,
            "dev",
            kind == WriteKind.Create ? "" : Id,
            [new(at, at + 1, Verdict.Acknowledged, "", id, generation)]
        );

    private static Write Unanswered(string request, WriteKind kind) =>
        new(request, kind, "dev", "", [new(0, 1, Verdict.Unanswered), new(2, 3, Verdict.Unanswered)]);

    private static void Violates(History history, string violation) =>
        Assert.Contains(Checker.Violations(history), v => v.Contains(violation, StringComparison.Ordinal));
}
