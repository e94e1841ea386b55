using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Workspaces;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Tests.Workspaces;

public sealed class WaitVerdictTests
{
    [Fact]
    public void Every_state_has_its_verdict_for_every_wish()
    {
        foreach (var desired in DesiredStates)
        foreach (var state in Enum.GetValues<WorkspaceState>())
        foreach (var observed in new ulong[] { 1, 2 })
        {
            var verdict = WaitVerdict.Of(Seen(desired, state, observed), desired, generation: 2);

            Assert.Equal(
                (desired, state, observed, Expected(desired, state, observed)),
                (desired, state, observed, Name(verdict))
            );
        }
    }

    [Theory]
    [InlineData(false, "reached")]
    [InlineData(true, "otherwise")]
    public void A_change_that_was_refused_in_part_has_come_true_for_none_who_asked_for_that_change(
        bool whole,
        string expected
    )
    {
        foreach (
            var (desired, state) in new[]
            {
                (WorkspaceDesiredState.Running, WorkspaceState.Running),
                (WorkspaceDesiredState.Stopped, WorkspaceState.Stopped),
            }
        )
        {
            var seen = Seen(desired, state, observed: 2);
            Assert.Equal("reached", Name(WaitVerdict.Of(seen, desired, generation: 2, whole)));
            seen.StateCode = "disk_resize_refused";

            Assert.Equal(expected, Name(WaitVerdict.Of(seen, desired, generation: 2, whole)));
        }
    }

    [Fact]
    public void What_waits_with_a_code_is_waited_for()
    {
        var seen = Seen(WorkspaceDesiredState.Running, WorkspaceState.Starting, observed: 2);
        seen.StateCode = "unschedulable";

        Assert.Equal("waiting", Name(WaitVerdict.Of(seen, seen.DesiredState, generation: 2)));
    }

    [Fact]
    public void A_later_wish_ends_the_wait_for_an_earlier_one()
    {
        foreach (var desired in DesiredStates)
        foreach (var other in DesiredStates.Where(w => w != desired))
            Assert.NotNull(WaitVerdict.Of(Seen(other, WorkspaceState.Starting, 1), desired, generation: 2).Failure);
    }

    private static readonly WorkspaceDesiredState[] DesiredStates =
    [
        WorkspaceDesiredState.Running,
        WorkspaceDesiredState.Stopped,
        WorkspaceDesiredState.Deleted,
    ];

    private static string Expected(WorkspaceDesiredState desired, WorkspaceState state, ulong observed) =>
        (desired, state, observed) switch
        {
            (WorkspaceDesiredState.Deleted, WorkspaceState.Deleted, _) => "reached",
            (_, WorkspaceState.Deleted or WorkspaceState.Lost, _) => "otherwise",
            (_, _, 1) => "waiting",
            (_, WorkspaceState.Failed, _) => "otherwise",
            (WorkspaceDesiredState.Running, WorkspaceState.Running, _) => "reached",
            (WorkspaceDesiredState.Stopped, WorkspaceState.Stopped, _) => "reached",
            _ => "waiting",
        };

    private static string Name(WaitVerdict verdict) =>
        verdict switch
        {
            { Done: false } => "waiting",
            { Failure: null } => "reached",
            _ => "otherwise",
        };

    private static Workspace Seen(WorkspaceDesiredState desired, WorkspaceState state, ulong observed) =>
        new()
        {
            Name = "dev",
            DesiredState = desired,
            State = state,
            Generation = 2,
            ObservedGeneration = observed,
        };
}
