using Coder.Mesh.Agent.Connection;
using Coder.Mesh.Protocol;

namespace Coder.Mesh.Agent.Tests.Connection;

public sealed class ConnectStateTests
{
    private const double AlmostOne = 0.999999;

    private static readonly DisconnectReason Lost = new(DisconnectKind.Lost, "Unavailable", "");

    [Fact]
    public void First_dial_is_at_once() => Assert.Equal(TimeSpan.Zero, ConnectState.Start.Delay(AlmostOne));

    [Fact]
    public void Failures_in_a_row_double_the_bound_up_to_the_cap()
    {
        var state = ConnectState.Start;
        var bounds = new List<double>();
        for (var i = 0; i < 9; i++)
        {
            state = state.After(Lost);
            bounds.Add(Math.Round(state.Delay(AlmostOne).TotalSeconds, 2));
        }

        Assert.Equal([0.25, 0.5, 1, 2, 4, 8, 15, 15, 15], bounds);
    }

    [Fact]
    public void Jitter_is_full() => Assert.Equal(TimeSpan.Zero, ConnectState.Start.After(Lost).Delay(0));

    [Theory]
    [InlineData(10, 10, 12)]
    [InlineData(0.01, 0.25, 0.3)]
    [InlineData(86_400, 120, 144)]
    public void A_delay_that_the_control_plane_asks_for_is_kept_within_bounds_and_spread(
        double asked,
        double least,
        double most
    )
    {
        var end = Lost with { Code = ErrorReasons.AttachBacklog, RetryDelay = TimeSpan.FromSeconds(asked) };
        var state = ConnectState.Start.After(Lost).After(Lost).After(end);

        Assert.Equal(least, state.Delay(0).TotalSeconds, tolerance: 0.001);
        Assert.Equal(most, state.Delay(AlmostOne).TotalSeconds, tolerance: 0.001);
        Assert.Equal(TimeSpan.Zero, state.After(Lost).Delay(0));
    }

    /// <summary>Only for a backlog does the control plane reserve a moment for each agent.</summary>
    [Fact]
    public void Any_other_delay_comes_before_the_backoff()
    {
        var end = Lost with { Code = ErrorReasons.StoreUnavailable, RetryDelay = TimeSpan.FromSeconds(2) };
        var state = Enumerable.Range(0, 9).Aggregate(ConnectState.Start, (s, _) => s.After(end));

        Assert.Equal(2, state.Delay(0).TotalSeconds, tolerance: 0.001);
        Assert.Equal(17.4, state.Delay(AlmostOne).TotalSeconds, tolerance: 0.001);
    }

    [Fact]
    public void Failures_are_forgotten_only_after_a_session_that_lasted_and_whose_snapshot_was_answered()
    {
        var failed = ConnectState.Start.After(Lost).After(Lost).After(Lost);
        var minute = TimeSpan.FromMinutes(1);

        Assert.Equal(4, failed.After(Lost).Failures);
        Assert.Equal(4, failed.After(Lost with { Attached = minute }).Failures);
        Assert.Equal(4, failed.After(Lost with { Attached = TimeSpan.FromSeconds(29), Synced = true }).Failures);
        Assert.Equal(1, failed.After(Lost with { Attached = minute, Synced = true }).Failures);
    }

    [Fact]
    public void A_proxy_that_cuts_every_first_snapshot_is_asked_ever_more_slowly()
    {
        var cut = Lost with { Attached = TimeSpan.FromSeconds(1) };
        var state = Enumerable.Range(0, 9).Aggregate(ConnectState.Start, (s, _) => s.After(cut));

        Assert.Equal(15, Math.Round(state.Delay(AlmostOne).TotalSeconds));
    }

    [Fact]
    public void A_restart_in_the_middle_of_a_snapshot_is_no_failure_and_makes_none_forgotten()
    {
        var restart = new DisconnectReason(DisconnectKind.Restarting, "SERVER_RESTARTING", "", TimeSpan.FromSeconds(1));
        var failed = ConnectState.Start.After(Lost).After(Lost).After(Lost);

        Assert.Equal(0, ConnectState.Start.After(restart).Failures);
        Assert.Equal(3, failed.After(restart).Failures);
        Assert.Equal(0, failed.After(restart with { Synced = true }).Failures);
    }

    [Theory]
    [InlineData(0, 30)]
    [InlineData(0.5, 60)]
    [InlineData(AlmostOne, 90)]
    public void Refusals_keep_their_own_slow_pace(double random, int seconds)
    {
        var state = ConnectState.Start.After(new DisconnectReason(DisconnectKind.Refused, "TOKEN_INVALID", ""));

        Assert.Equal(seconds, Math.Round(state.Delay(random).TotalSeconds));
        Assert.Equal(seconds, Math.Round(state.After(state.Last!).Delay(random).TotalSeconds));
    }

    [Fact]
    public void Restarting_server_is_dialed_within_two_seconds()
    {
        var state = ConnectState.Start.After(
            new DisconnectReason(DisconnectKind.Restarting, "SERVER_RESTARTING", "", TimeSpan.FromSeconds(1))
        );

        Assert.Equal(2, Math.Round(state.Delay(AlmostOne).TotalSeconds, 2));
        Assert.Equal(TimeSpan.Zero, state.Delay(0));
    }

    [Fact]
    public void Server_that_only_ever_restarts_is_backed_off_from()
    {
        var refusesToStart = new DisconnectReason(DisconnectKind.Restarting, "SERVER_RESTARTING", "");
        var state = Enumerable.Range(0, 9).Aggregate(ConnectState.Start, (s, _) => s.After(refusesToStart));

        Assert.Equal(15, Math.Round(state.Delay(AlmostOne).TotalSeconds));
    }

    [Fact]
    public void Hello_anew_is_said_at_once()
    {
        var state = ConnectState.Start.After(
            new DisconnectReason(DisconnectKind.Renewed, "identity_changed", "", Attached: TimeSpan.FromSeconds(1))
        );

        Assert.Equal(TimeSpan.Zero, state.Delay(AlmostOne));
    }

    [Fact]
    public void Two_agents_that_throw_each_other_out_slow_down()
    {
        var superseded = new DisconnectReason(DisconnectKind.Lost, "SESSION_SUPERSEDED", "", TimeSpan.FromSeconds(1))
        {
            Synced = true,
        };
        var state = Enumerable.Range(0, 9).Aggregate(ConnectState.Start, (s, _) => s.After(superseded));

        Assert.Equal(9, state.Failures);
        Assert.Equal(1, state.After(superseded with { Attached = TimeSpan.FromMinutes(1), Synced = true }).Failures);
    }
}
