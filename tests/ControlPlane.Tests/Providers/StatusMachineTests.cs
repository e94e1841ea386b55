using Coder.Mesh.ControlPlane.Presence;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Tests.Presence;

namespace Coder.Mesh.ControlPlane.Tests.Providers;

/// <summary>Every state of a provider against every fact. The clock is the argument.</summary>
public sealed class StatusMachineTests
{
    private static readonly DateTimeOffset T0 = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(30);

    public static readonly string[] States =
    [
        "pending",
        "refused",
        "ready",
        "broken",
        "grace",
        "unresponsive",
        "disconnected",
        "flapping",
        "away",
        "away in grace",
        "attaching",
        "nameless",
        "failed",
    ];

    /// <summary>
    /// What each fact, a second later, makes of each state: "status code link"; '=' where nothing changes.
    /// </summary>
    private static readonly Dictionary<string, string[]> Table = new()
    {
        //                    pending, refused, ready, broken, grace, unresponsive, disconnected, flapping, away, away
        // in grace, attaching, nameless, failed
        ["attached, well"] =
        [
            "Pending - Attached",
            "Error version_unsupported Attached",
            "=",
            "=",
            "Ready - Attached",
            "Error agent_unresponsive Attached",
            "Error agent_disconnected Attached",
            "=",
            "=",
            "Ready - Attached",
            "=",
            "=",
            "Error snapshot_incomplete Attached",
        ],
        ["attached, broken"] =
        [
            "Error cluster_unreachable Attached",
            "Error cluster_unreachable Attached",
            "Error cluster_unreachable Attached",
            "=",
            "Error cluster_unreachable Attached",
            "Error cluster_unreachable Attached",
            "Error cluster_unreachable Attached",
            "=",
            "=",
            "Ready - Attached",
            "Error cluster_unreachable Attached",
            "Error cluster_unreachable Attached",
            "Error cluster_unreachable Attached",
        ],
        ["attached, unknown"] =
        [
            "Error readiness_unknown Attached",
            "Error readiness_unknown Attached",
            "=",
            "Error readiness_unknown Attached",
            "Ready - Attached",
            "Error readiness_unknown Attached",
            "Error readiness_unknown Attached",
            "=",
            "=",
            "Ready - Attached",
            "Error readiness_unknown Attached",
            "=",
            "Error readiness_unknown Attached",
        ],
        ["attached, nameless"] =
        [
            "Error readiness_unknown Attached",
            "Error readiness_unknown Attached",
            "=",
            "Error readiness_unknown Attached",
            "Ready - Attached",
            "Error readiness_unknown Attached",
            "Error readiness_unknown Attached",
            "=",
            "=",
            "Ready - Attached",
            "Error readiness_unknown Attached",
            "=",
            "Error readiness_unknown Attached",
        ],
        ["synced"] = ["=", "=", "=", "=", "=", "=", "=", "=", "=", "=", "Ready - Attached", "=", "="],
        ["heard"] = ["=", "=", "=", "=", "=", "=", "=", "=", "=", "=", "=", "=", "="],
        ["reported well"] = ["=", "=", "=", "Ready - Attached", "=", "=", "=", "=", "=", "=", "=", "=", "="],
        ["reported broken"] =
        [
            "=",
            "=",
            "Error cluster_unreachable Attached",
            "=",
            "=",
            "=",
            "=",
            "=",
            "=",
            "=",
            "Error cluster_unreachable Attached",
            "Error cluster_unreachable Attached",
            "=",
        ],
        ["detached"] =
        [
            "=",
            "=",
            "Ready - Grace",
            "Error cluster_unreachable Grace",
            "=",
            "=",
            "=",
            "Error flapping Grace",
            "Ready - Grace",
            "=",
            "Pending - Grace",
            "Error readiness_unknown Grace",
            "=",
        ],
        ["detached, the third to fail"] =
        [
            "=",
            "=",
            "Error snapshot_incomplete None",
            "Error cluster_unreachable None",
            "=",
            "=",
            "=",
            "Error flapping None",
            "Ready - Grace",
            "=",
            "Error snapshot_incomplete None",
            "Error snapshot_incomplete None",
            "=",
        ],
        ["tokens gone"] = ["=", "=", "=", "=", "Error token_revoked None", "=", "=", "=", "=", "=", "=", "=", "="],
        ["refused"] =
        [
            "Error namespace_taken None",
            "Error namespace_taken None",
            "=",
            "=",
            "=",
            "=",
            "Error namespace_taken None",
            "=",
            "=",
            "=",
            "=",
            "=",
            "Error namespace_taken None",
        ],
        ["owner lost"] =
        [
            "Pending - Grace",
            "Error version_unsupported Grace",
            "=",
            "=",
            "=",
            "=",
            "Error agent_disconnected Grace",
            "=",
            "=",
            "=",
            "=",
            "=",
            "Error snapshot_incomplete Grace",
        ],
        ["store lost"] = ["=", "=", "=", "=", "=", "=", "=", "=", "=", "=", "=", "=", "="],
        ["store back"] = ["=", "=", "=", "=", "=", "=", "=", "=", "=", "=", "=", "=", "="],
        ["held up"] = ["=", "=", "=", "=", "=", "=", "=", "=", "=", "=", "=", "=", "="],
        ["time passed"] = ["=", "=", "=", "=", "=", "=", "=", "=", "=", "=", "=", "=", "="],
        ["an hour passed"] =
        [
            "=",
            "=",
            "Error agent_unresponsive Unresponsive",
            "Error agent_unresponsive Unresponsive",
            "Error agent_disconnected None",
            "=",
            "=",
            "Error flapping Unresponsive",
            "=",
            "=",
            "Error agent_unresponsive Unresponsive",
            "Error agent_unresponsive Unresponsive",
            "=",
        ],
    };

    public static TheoryData<string, string, string> Cells()
    {
        var cells = new TheoryData<string, string, string>();
        foreach (var (fact, row) in Table)
        {
            for (var i = 0; i < States.Length; i++)
                cells.Add(States[i], fact, row[i]);
        }

        return cells;
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public void Every_fact_in_every_state_does_what_the_table_says(string stateName, string factName, string expected)
    {
        var state = State(stateName);
        var at = T0 + (factName == "an hour passed" ? TimeSpan.FromHours(1) : TimeSpan.FromSeconds(1));

        var next = StatusMachine.Step(state, Fact(factName), at);

        Assert.Equal(expected == "=" ? Describe(state) : expected, Describe(next));
    }

    [Fact]
    public void The_table_has_a_row_for_every_kind_of_fact()
    {
        var kinds = typeof(StatusFact).GetNestedTypes().Select(t => t.Name).ToHashSet();

        kinds.ExceptWith(Table.Keys.Select(name => Fact(name).GetType().Name));

        Assert.Empty(kinds);
        Assert.All(Table.Values, row => Assert.Equal(States.Length, row.Length));
    }

    [Fact]
    public void Silence_of_three_heartbeats_is_the_deadline_and_every_frame_moves_it()
    {
        var ready = State("ready");
        Assert.Equal(T0 + Silence, StatusMachine.Deadline(ready));

        var heard = StatusMachine.Step(ready, new StatusFact.Received(), T0 + TimeSpan.FromSeconds(29));
        var later = StatusMachine.Step(heard, new StatusFact.TimePassed(), T0 + Silence);

        Assert.Equal(ProviderStatus.Ready, later.Status);
        Assert.Equal(T0 + TimeSpan.FromSeconds(59), StatusMachine.Deadline(later));
    }

    [Theory]
    [InlineData(30)]
    [InlineData(60)]
    public void A_grace_ends_exactly_when_it_was_said_to(int seconds)
    {
        var grace = StatusMachine.Step(State("ready"), new StatusFact.Detached(TimeSpan.FromSeconds(seconds)), T0);
        var end = T0 + TimeSpan.FromSeconds(seconds);

        Assert.Equal(end, StatusMachine.Deadline(grace));
        Assert.Equal(ProviderStatus.Ready, Pass(grace, end - TimeSpan.FromTicks(1)).Status);
        Assert.Equal("agent_disconnected", Pass(grace, end).Code);
        Assert.Null(StatusMachine.Deadline(Pass(grace, end)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Time_in_which_its_owner_was_held_up_is_nobody_s_silence(bool detached)
    {
        var state = State("ready");
        if (detached)
            state = StatusMachine.Step(state, new StatusFact.Detached(StatusMachine.ReconnectGrace), T0);
        var awake = T0 + TimeSpan.FromMinutes(10);

        var after = StatusMachine.Step(state, new StatusFact.Suspended(), awake);

        Assert.Equal(ProviderStatus.Ready, after.Status);
        Assert.Equal(awake + StatusMachine.StartupGrace, StatusMachine.Deadline(after));
        Assert.Equal(ProviderStatus.Error, Pass(after, awake + StatusMachine.StartupGrace).Status);
    }

    [Fact]
    public void A_deadline_that_fell_due_without_the_store_begins_again_when_the_store_is_back()
    {
        var away = StatusMachine.Step(State("grace"), new StatusFact.StoreLost(), T0);
        Assert.Null(StatusMachine.Deadline(away));
        var back = T0 + TimeSpan.FromMinutes(10);

        var after = StatusMachine.Step(away, new StatusFact.StoreRecovered(), back);

        Assert.Equal(ProviderStatus.Ready, after.Status);
        Assert.Equal(back + StatusMachine.StartupGrace, StatusMachine.Deadline(after));
    }

    [Fact]
    public void A_deadline_that_is_not_due_when_the_store_is_back_stands()
    {
        var away = StatusMachine.Step(State("ready"), new StatusFact.StoreLost(), T0);

        var after = StatusMachine.Step(away, new StatusFact.StoreRecovered(), T0 + TimeSpan.FromSeconds(5));

        Assert.Equal(T0 + Silence, StatusMachine.Deadline(after));
    }

    [Fact]
    public void A_session_that_ends_while_the_store_is_away_gets_the_startup_grace_when_it_is_back()
    {
        var away = StatusMachine.Step(State("ready"), new StatusFact.StoreLost(), T0);
        var detached = StatusMachine.Step(away, new StatusFact.Detached(TimeSpan.FromSeconds(30)), T0);
        var back = T0 + TimeSpan.FromSeconds(1);

        var after = StatusMachine.Step(detached, new StatusFact.StoreRecovered(), back);

        Assert.Equal(back + StatusMachine.StartupGrace, StatusMachine.Deadline(after));
    }

    [Fact]
    public void The_fourth_loss_of_Ready_in_five_minutes_is_flapping_and_says_the_last_cause()
    {
        var (state, at) = Flap(times: 4, apart: TimeSpan.FromSeconds(20));

        Assert.Equal("flapping", state.Code);
        Assert.Contains("cluster_unreachable", state.Message, StringComparison.Ordinal);
        Assert.True(at < T0 + StatusMachine.FlappingWindow);
    }

    [Fact]
    public void Three_losses_of_Ready_are_not_flapping_nor_are_four_over_a_longer_time()
    {
        Assert.Equal("cluster_unreachable", Flap(3, TimeSpan.FromSeconds(20)).State.Code);
        Assert.Equal("cluster_unreachable", Flap(4, TimeSpan.FromSeconds(110)).State.Code);
    }

    [Fact]
    public void Flapping_ends_after_thirty_seconds_of_health_without_a_break()
    {
        var (flapping, at) = Flap(4, TimeSpan.FromSeconds(20));

        var well = StatusMachine.Step(flapping, new StatusFact.Reported(Well), at);
        var heard = StatusMachine.Step(well, new StatusFact.Received(), at + TimeSpan.FromSeconds(20));

        Assert.Equal("flapping", Pass(heard, at + TimeSpan.FromSeconds(29)).Code);
        Assert.Equal(at + StatusMachine.FlappingCalm, StatusMachine.Deadline(well));
        Assert.Equal(ProviderStatus.Ready, Pass(heard, at + TimeSpan.FromSeconds(30)).Status);
    }

    [Fact]
    public void A_break_in_the_calm_begins_it_anew()
    {
        var (flapping, at) = Flap(4, TimeSpan.FromSeconds(20));
        var well = StatusMachine.Step(flapping, new StatusFact.Reported(Well), at);
        var broken = StatusMachine.Step(well, new StatusFact.Reported(Broken), at + TimeSpan.FromSeconds(25));
        var again = StatusMachine.Step(broken, new StatusFact.Reported(Well), at + TimeSpan.FromSeconds(26));

        Assert.Equal("flapping", Pass(again, at + TimeSpan.FromSeconds(31)).Code);
        Assert.Equal(at + TimeSpan.FromSeconds(56), StatusMachine.Deadline(again));
    }

    [Fact]
    public void An_agent_whose_last_token_was_revoked_is_Error_as_soon_as_it_is_gone()
    {
        var revoked = StatusMachine.Step(State("ready"), new StatusFact.TokensGone(), T0);

        var gone = StatusMachine.Step(revoked, new StatusFact.Detached(StatusMachine.ReconnectGrace), T0);

        Assert.Equal((ProviderStatus.Ready, ProviderStatus.Error), (revoked.Status, gone.Status));
        Assert.Equal(StatusCodes.TokenRevoked, gone.Code);
        Assert.Null(StatusMachine.Deadline(gone));
    }

    [Fact]
    public void A_last_token_that_was_revoked_without_the_store_is_decided_when_the_store_is_back()
    {
        var away = StatusMachine.Step(State("grace"), new StatusFact.StoreLost(), T0);
        var revoked = StatusMachine.Step(away, new StatusFact.TokensGone(), T0);

        var after = StatusMachine.Step(revoked, new StatusFact.StoreRecovered(), T0 + TimeSpan.FromMinutes(10));

        Assert.Equal(ProviderStatus.Ready, revoked.Status);
        Assert.Equal(StatusCodes.TokenRevoked, after.Code);
    }

    [Fact]
    public void An_agent_that_attaches_has_a_token_whatever_was_revoked_before()
    {
        var revoked = StatusMachine.Step(State("ready"), new StatusFact.TokensGone(), T0);
        var attached = After(revoked, new StatusFact.Attached(Well, Silence));

        var gone = StatusMachine.Step(attached, new StatusFact.Detached(StatusMachine.ReconnectGrace), T0);

        Assert.Equal(ProviderStatus.Ready, gone.Status);
    }

    [Fact]
    public void Two_sessions_that_fail_leave_it_as_it_was_and_the_third_is_its_error_with_the_cause()
    {
        static StatusState Fail(StatusState state, int failures) =>
            After(
                After(state, new StatusFact.Attached(Well, Silence)),
                new StatusFact.Detached(StatusMachine.ReconnectGrace) { Failures = failures, Cause = "it was cut" }
            );

        var twice = Fail(Fail(State("ready"), 1), 2);
        var thrice = Fail(twice, 3);

        Assert.Equal((ProviderStatus.Ready, Link.Grace), (twice.Status, twice.Link));
        Assert.Equal((ProviderStatus.Error, StatusCodes.SnapshotIncomplete), (thrice.Status, thrice.Code));
        Assert.Contains("3 sessions in a row", thrice.Message, StringComparison.Ordinal);
        Assert.Contains("it was cut", thrice.Message, StringComparison.Ordinal);
        Assert.Null(StatusMachine.Deadline(thrice));
    }

    [Theory]
    [InlineData("ready", true, StatusCodes.SnapshotIncomplete)]
    [InlineData("pending", true, StatusCodes.SnapshotIncomplete)]
    [InlineData("ready", false, StatusCodes.ReadinessUnknown)]
    public void An_agent_that_is_well_but_never_completes_a_snapshot_is_an_error_after_a_minute(
        string before,
        bool identified,
        string code
    )
    {
        var day = TimeSpan.FromDays(1);
        var attached = After(State(before), new StatusFact.Attached(Well, day) { Identified = identified });
        var due = T0 + StatusMachine.SnapshotLimit;

        Assert.Equal(due, StatusMachine.Deadline(attached));
        Assert.Equal(State(before).Status, Pass(attached, due - TimeSpan.FromTicks(1)).Status);
        var overdue = Pass(attached, due);
        Assert.Equal((ProviderStatus.Error, code), (overdue.Status, overdue.Code));
        Assert.Equal(T0 + day, StatusMachine.Deadline(overdue));
        if (identified)
            Assert.Equal(ProviderStatus.Ready, StatusMachine.Step(overdue, new StatusFact.Synced(), due).Status);
    }

    [Fact]
    public void The_minute_for_the_first_snapshot_begins_when_the_cluster_is_well()
    {
        var attached = After(State("ready"), new StatusFact.Attached(Broken, TimeSpan.FromDays(1)));
        var later = T0 + TimeSpan.FromHours(1);

        var well = StatusMachine.Step(attached, new StatusFact.Reported(Well), later);

        Assert.Equal("cluster_unreachable", well.Code);
        Assert.Equal(later + StatusMachine.SnapshotLimit, StatusMachine.Deadline(well));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_minute_for_the_first_snapshot_begins_anew_when_nobody_could_answer_it(bool store)
    {
        var day = TimeSpan.FromDays(1);
        var attached = After(State("ready"), new StatusFact.Attached(Well, day));
        var later = T0 + TimeSpan.FromMinutes(5);

        var after = store
            ? StatusMachine.Step(After(attached, new StatusFact.StoreLost()), new StatusFact.StoreRecovered(), later)
            : StatusMachine.Step(attached, new StatusFact.Suspended(), later);

        Assert.Equal(ProviderStatus.Ready, after.Status);
        Assert.Equal(later + StatusMachine.SnapshotLimit, StatusMachine.Deadline(after));
    }

    [Fact]
    public void Flapping_does_not_end_before_the_first_snapshot()
    {
        var (flapping, at) = Flap(4, TimeSpan.FromSeconds(20));
        var attached = StatusMachine.Step(flapping, new StatusFact.Attached(Well, TimeSpan.FromDays(1)), at);
        var calm = at + StatusMachine.FlappingCalm;

        Assert.Equal("flapping", Pass(attached, calm).Code);
        Assert.Equal(ProviderStatus.Ready, StatusMachine.Step(attached, new StatusFact.Synced(), calm).Status);
    }

    [Fact]
    public void A_repeated_refusal_keeps_the_time_of_the_first()
    {
        var refused = State("refused");

        var again = StatusMachine.Step(
            refused,
            new StatusFact.Refused(refused.Code, refused.Message),
            T0 + TimeSpan.FromMinutes(1)
        );

        Assert.Equal(refused.StatusAt, again.StatusAt);
    }

    internal static readonly System.Collections.Immutable.ImmutableArray<Condition> Well =
    [
        new("ClusterReachable", ConditionStatus.True),
        new("NamespaceReady", ConditionStatus.True),
        new("PermissionsSufficient", ConditionStatus.True),
    ];

    internal static readonly System.Collections.Immutable.ImmutableArray<Condition> Broken =
    [
        new("ClusterReachable", ConditionStatus.False, "cluster_unreachable", "connection refused"),
        new("NamespaceReady", ConditionStatus.Unknown),
        new("PermissionsSufficient", ConditionStatus.True),
    ];

    internal static readonly System.Collections.Immutable.ImmutableArray<Condition> Unknown =
    [
        new("ClusterReachable", ConditionStatus.True),
        new("NamespaceReady", ConditionStatus.Unknown),
    ];

    private static readonly StatusState Registered = new(ProviderStatus.Pending, "", "", T0, []);

    private static StatusState State(string name) =>
        name switch
        {
            "pending" => Registered,
            "refused" => After(Registered, new StatusFact.Refused("version_unsupported", "too old")),
            "ready" => After(State("attaching"), new StatusFact.Synced()),
            "broken" => After(State("ready"), new StatusFact.Reported(Broken)),
            "grace" => After(State("ready"), new StatusFact.Detached(TimeSpan.FromSeconds(30))),
            "unresponsive" => StatusMachine.Step(State("ready"), new StatusFact.TimePassed(), T0 + Silence),
            "disconnected" => Pass(State("grace"), T0 + TimeSpan.FromSeconds(30)),
            "flapping" => Calm(Flap(4, TimeSpan.FromSeconds(1)).State),
            "away" => After(State("ready"), new StatusFact.StoreLost()),
            "away in grace" => After(State("grace"), new StatusFact.StoreLost()),
            "attaching" => After(Registered, new StatusFact.Attached(Well, Silence)),
            "nameless" => After(Registered, new StatusFact.Attached(Well, Silence) { Identified = false }),
            "failed" => After(State("attaching"), Fact("detached, the third to fail")),
            _ => throw new ArgumentOutOfRangeException(nameof(name), name, "no such state"),
        };

    /// <summary>
    /// Flapping, but with its deadlines counted from <see cref="T0"/> like those of the other states.
    /// </summary>
    private static StatusState Calm(StatusState flapping) =>
        flapping with
        {
            LinkDeadline = T0 + Silence,
            StatusAt = T0,
        };

    private static StatusFact Fact(string name) =>
        name switch
        {
            "attached, well" => new StatusFact.Attached(Well, Silence),
            "attached, broken" => new StatusFact.Attached(Broken, Silence),
            "attached, unknown" => new StatusFact.Attached(Unknown, Silence),
            "attached, nameless" => new StatusFact.Attached(Well, Silence) { Identified = false },
            "synced" => new StatusFact.Synced(),
            "heard" => new StatusFact.Received(),
            "reported well" => new StatusFact.Reported(Well),
            "reported broken" => new StatusFact.Reported(Broken),
            "detached" => new StatusFact.Detached(TimeSpan.FromSeconds(30)),
            "detached, the third to fail" => new StatusFact.Detached(TimeSpan.FromSeconds(30))
            {
                Failures = 3,
                Cause = "its connection was lost",
            },
            "refused" => new StatusFact.Refused("namespace_taken", "another has it"),
            "tokens gone" => new StatusFact.TokensGone(),
            "owner lost" => new StatusFact.OwnerLost(),
            "store lost" => new StatusFact.StoreLost(),
            "store back" => new StatusFact.StoreRecovered(),
            "held up" => new StatusFact.Suspended(),
            "time passed" or "an hour passed" => new StatusFact.TimePassed(),
            _ => throw new ArgumentOutOfRangeException(nameof(name), name, "no such fact"),
        };

    private static (StatusState State, DateTimeOffset At) Flap(int times, TimeSpan apart)
    {
        var attached = StatusMachine.Step(Registered, new StatusFact.Attached(Well, TimeSpan.FromDays(1)), T0);
        var (state, at) = (StatusMachine.Step(attached, new StatusFact.Synced(), T0), T0);
        for (var i = 0; i < times; i++)
        {
            at += apart;
            state = StatusMachine.Step(state, new StatusFact.Reported(Broken), at);
            if (i < times - 1)
                state = StatusMachine.Step(state, new StatusFact.Reported(Well), at);
        }

        return (state with { SilenceLimit = Silence }, at);
    }

    private static StatusState After(StatusState state, StatusFact fact) => StatusMachine.Step(state, fact, T0);

    private static StatusState Pass(StatusState state, DateTimeOffset at) =>
        StatusMachine.Step(state, new StatusFact.TimePassed(), at);

    private static string Describe(StatusState state) =>
        $"{state.Status} {(state.Code.Length > 0 ? state.Code : "-")} {state.Link}";
}
