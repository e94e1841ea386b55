using static Coder.Mesh.EndToEnd.Tests.Chaos.Histories;

namespace Coder.Mesh.EndToEnd.Tests.Chaos;

/// <summary>What callers were told against what the store has.</summary>
public sealed class EffectsTests
{
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
    public void A_refusal_of_what_was_sent_again_must_not_hide_that_the_first_was_done()
    {
        var mixed = Again("Unavailable: connection reset");

        Assert.Empty(Checker.Violations(Nothing with { Writes = [mixed] }));
        Violates(
            Runs with
            {
                Writes = [mixed],
            },
            "Create dev (r1) had taken effect, and was refused when it was sent again (PLACEMENT_REFUSED)"
        );
        // The first may have been at work still.
        Assert.Empty(Checker.Violations(Runs with { Writes = [Again("DeadlineExceeded: ")] }));

        static Write Again(string said) =>
            new(
                "r1",
                WriteKind.Create,
                "dev",
                "",
                [new(0, 1, Verdict.Unanswered, said), new(2, 3, Verdict.Refused, "PLACEMENT_REFUSED")]
            );
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
}
