using static Coder.Mesh.EndToEnd.Tests.Chaos.Histories;

namespace Coder.Mesh.EndToEnd.Tests.Chaos;

/// <summary>Ways that a workspace may not go, and ends that may not be.</summary>
public sealed class PathAndAgreementTests
{
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
}
