using Coder.Mesh.ControlPlane.Presence;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Tests.Presence;
using CsCheck;

namespace Coder.Mesh.ControlPlane.Tests.Providers;

/// <summary>Random sequences of facts with random times between them; what must hold after each one.</summary>
public sealed class StatusMachinePropertyTests
{
    private static readonly DateTimeOffset T0 = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly Gen<StatusFact> AnyFact = Gen.OneOf<StatusFact>(
        Reports().Select(r => (StatusFact)new StatusFact.Attached(r, TimeSpan.FromSeconds(30))),
        Gen.Bool.Select(named =>
            (StatusFact)new StatusFact.Attached(StatusMachineTests.Well, TimeSpan.FromHours(1)) { Identified = named }
        ),
        Gen.Const((StatusFact)new StatusFact.Synced()),
        Gen.Const((StatusFact)new StatusFact.Received()),
        Reports().Select(r => (StatusFact)new StatusFact.Reported(r)),
        Gen.Select(Gen.Int[0, 60], Gen.Int[0, 4])
            .Select(
                (s, failures) => (StatusFact)new StatusFact.Detached(TimeSpan.FromSeconds(s)) { Failures = failures }
            ),
        Gen.Const((StatusFact)new StatusFact.Refused("namespace_taken", "another has it")),
        Gen.Const((StatusFact)new StatusFact.OwnerLost()),
        Gen.Const((StatusFact)new StatusFact.TokensGone()),
        Gen.Const((StatusFact)new StatusFact.StoreLost()),
        Gen.Const((StatusFact)new StatusFact.StoreRecovered()),
        Gen.Const((StatusFact)new StatusFact.Suspended()),
        Gen.Const((StatusFact)new StatusFact.TimePassed())
    );

    private static readonly Gen<(StatusFact Fact, int Seconds)[]> Sequences = Gen.Select(AnyFact, Gen.Int[0, 90]).Array[
        1,
        40
    ];

    [Fact]
    public void Ready_is_never_kept_by_an_agent_that_is_silent_broken_or_gone() =>
        Sequences.Sample(
            sequence =>
            {
                foreach (var (state, at) in Run(sequence))
                {
                    if (state.Status != ProviderStatus.Ready || state.StoreUnavailable)
                        continue;
                    Assert.True(state.Link is Link.Attached or Link.Grace, $"Ready though the link is {state.Link}");
                    Assert.True(state.LinkDeadline > at, "Ready though the deadline has passed");
                    Assert.False(state is { Link: Link.Grace, NoToken: true }, "Ready though no agent can attach");
                    if (state.Link == Link.Attached)
                        Assert.DoesNotContain(state.Conditions, c => c.Status == ConditionStatus.False);
                }
            },
            iter: 5_000
        );

    [Fact]
    public void Ready_is_given_only_by_an_agent_that_is_known_and_whose_first_snapshot_was_answered() =>
        Sequences.Sample(
            sequence =>
            {
                var before = ProviderStatus.Pending;
                foreach (var (state, _) in Run(sequence))
                {
                    if (state.Status == ProviderStatus.Ready && before != ProviderStatus.Ready)
                        Assert.True(state is { Link: Link.Attached, Synced: true, Identified: true });
                    before = state.Status;
                }
            },
            iter: 5_000
        );

    [Fact]
    public void Nothing_is_due_twice() =>
        Sequences.Sample(
            sequence =>
            {
                var (state, at) = Run(sequence).Last();
                for (var i = 0; StatusMachine.Deadline(state) is { } deadline; i++)
                {
                    Assert.True(deadline > at, $"{deadline} is due again");
                    Assert.True(i < 5, "there is no end of deadlines");
                    (state, at) = (Pass(state, deadline), deadline);
                }
            },
            iter: 5_000
        );

    [Fact]
    public void An_error_has_a_code_and_nothing_else_has() =>
        Sequences.Sample(
            sequence =>
            {
                foreach (var (state, _) in Run(sequence))
                    Assert.Equal(state.Status == ProviderStatus.Error, state.Code.Length > 0);
            },
            iter: 5_000
        );

    [Fact]
    public void Pending_is_never_entered_again() =>
        Sequences.Sample(
            sequence =>
            {
                var left = false;
                foreach (var (state, _) in Run(sequence))
                {
                    Assert.False(left && state.Status == ProviderStatus.Pending);
                    left |= state.Status != ProviderStatus.Pending;
                }
            },
            iter: 5_000
        );

    [Fact]
    public void While_the_store_is_away_no_status_changes() =>
        Sequences.Sample(
            sequence =>
            {
                StatusState? before = null;
                foreach (var (state, _) in Run(sequence))
                {
                    if (state.StoreUnavailable && before is { StoreUnavailable: true })
                        Assert.True(state.SameStatus(before));
                    before = state;
                }
            },
            iter: 5_000
        );

    [Fact]
    public void Time_that_passes_up_to_the_deadline_changes_no_status_and_at_the_deadline_the_deadline_moves() =>
        Sequences.Sample(
            sequence =>
            {
                var (state, at) = Run(sequence).Last();
                if (StatusMachine.Deadline(state) is not { } deadline)
                {
                    Assert.True(Pass(state, at + TimeSpan.FromDays(1)).SameStatus(state));
                    return;
                }

                if (deadline - TimeSpan.FromTicks(1) >= at)
                    Assert.True(Pass(state, deadline - TimeSpan.FromTicks(1)).SameStatus(state));
                Assert.NotEqual(deadline, StatusMachine.Deadline(Pass(state, deadline)));
            },
            iter: 5_000
        );

    private static StatusState Pass(StatusState state, DateTimeOffset at) =>
        StatusMachine.Step(state, new StatusFact.TimePassed(), at);

    private static IEnumerable<(StatusState State, DateTimeOffset At)> Run((StatusFact Fact, int Seconds)[] sequence)
    {
        var state = new StatusState(ProviderStatus.Pending, "", "", T0, []);
        var at = T0;
        foreach (var (fact, seconds) in sequence)
        {
            at += TimeSpan.FromSeconds(seconds);
            // The owner's timer rings at the deadline, before whatever comes after it.
            while (StatusMachine.Deadline(state) is { } deadline && deadline <= at)
                yield return (state = StatusMachine.Step(state, new StatusFact.TimePassed(), deadline), deadline);
            yield return (state = StatusMachine.Step(state, fact, at), at);
        }
    }

    private static Gen<System.Collections.Immutable.ImmutableArray<Condition>> Reports() =>
        Gen.OneOf(
            Gen.Const(StatusMachineTests.Well),
            Gen.Const(StatusMachineTests.Broken),
            Gen.Const(StatusMachineTests.Unknown)
        );
}
