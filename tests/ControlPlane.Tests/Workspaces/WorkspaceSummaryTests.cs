using Coder.Mesh.ControlPlane.Api;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.History;
using Coder.Mesh.ControlPlane.Mapping;
using Coder.Mesh.ControlPlane.Presence;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Workspaces;

namespace Coder.Mesh.ControlPlane.Tests.Workspaces;

/// <summary>What can be said of a workspace: every desired state, report, provider and generation.</summary>
public sealed class WorkspaceSummaryTests
{
    private static readonly DateTimeOffset T0 = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Reported = T0.AddMinutes(1);
    private static readonly DateTimeOffset Broken = T0.AddMinutes(2);
    private static readonly DateTimeOffset Left = T0.AddMinutes(3);

    /// <summary>
    /// The state for each report, in the order of <see cref="ObservedState"/>; the report is of what was asked for
    /// last.
    /// </summary>
    private static readonly Dictionary<DesiredState, ObservedState[]> Acted = new()
    {
        //                         Pending, Starting, Running, Stopping, Stopped, Failed, Deleting, Deleted, Lost
        [DesiredState.Running] = [P, S, R, S, S, F, D, Gone, L],
        [DesiredState.Stopped] = [Stopping, Stopping, Stopping, Stopping, Stopped, F, D, Gone, L],
        [DesiredState.Deleted] = [D, D, D, D, D, D, D, Gone, L],
    };

    /// <summary>The same where the report is of something before it.</summary>
    private static readonly Dictionary<DesiredState, ObservedState[]> NotActed = new()
    {
        [DesiredState.Running] = [P, S, R, S, S, S, D, Gone, L],
        [DesiredState.Stopped] = [Stopping, Stopping, Stopping, Stopping, Stopped, Stopping, D, Gone, L],
        [DesiredState.Deleted] = [D, D, D, D, D, D, D, Gone, L],
    };

    private const ObservedState P = ObservedState.Pending;
    private const ObservedState S = ObservedState.Starting;
    private const ObservedState R = ObservedState.Running;
    private const ObservedState Stopping = ObservedState.Stopping;
    private const ObservedState Stopped = ObservedState.Stopped;
    private const ObservedState F = ObservedState.Failed;
    private const ObservedState D = ObservedState.Deleting;
    private const ObservedState Gone = ObservedState.Deleted;
    private const ObservedState L = ObservedState.Lost;

    public static TheoryData<DesiredState, ObservedState, bool, string> All()
    {
        var all = new TheoryData<DesiredState, ObservedState, bool, string>();
        foreach (var desired in Enum.GetValues<DesiredState>())
        foreach (var seen in Enum.GetValues<ObservedState>())
        foreach (var acted in new[] { true, false })
        foreach (var provider in new[] { "ready", "grace", "away", "broken", "pending" })
            all.Add(desired, seen, acted, provider);
        return all;
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Every_combination_is_what_the_tables_say(
        DesiredState desired,
        ObservedState seen,
        bool acted,
        string provider
    )
    {
        var summary = WorkspaceSummary.Of(Make(desired, seen, acted ? 2 : 1), Provider(provider));

        var expected = (acted ? Acted : NotActed)[desired][(int)seen];
        Assert.Equal(expected, summary.State);
        var final = seen is Gone or L;
        var ready = provider is "ready" or "grace";
        // What is sure is said as if it was; nothing else is.
        Assert.Equal(final || ready, summary.LastReportAt is null);
        Assert.Equal(
            final ? ""
                : ready && !acted && provider == "grace" ? "the agent of provider west is not connected"
                : ready ? (!acted && expected is (R or Stopped) ? "its agent has not acted on the last change yet" : "")
                : provider == "pending" ? "provider west is pending"
                : "provider west is in error",
            summary.Reason
        );
        var settled =
            final || (acted && ((desired == DesiredState.Running && expected == R) || expected is Stopped or F));
        Assert.Equal(settled || (acted && ready), summary.WaitingFor.Length == 0);
    }

    [Fact]
    public void What_it_waits_for_is_said_with_the_cause()
    {
        Assert.Equal(
            "provider west: error agent_disconnected: It has not come back.",
            WorkspaceSummary.Of(Make(DesiredState.Running, P, 0), Provider("away")).WaitingFor
        );
        Assert.Equal(
            "the agent of provider west",
            WorkspaceSummary.Of(Make(DesiredState.Stopped, R, 1), Provider("ready")).WaitingFor
        );
    }

    [Fact]
    public void An_agent_that_is_away_for_less_than_its_grace_is_waited_for_by_what_it_has_not_acted_on()
    {
        var summary = WorkspaceSummary.Of(Make(DesiredState.Running, P, 0), Provider("grace"));

        Assert.Equal("the agent of provider west is not connected", summary.Reason);
        Assert.Equal("the agent of provider west to come back: its connection is lost", summary.WaitingFor);
    }

    [Theory]
    // Without an agent nothing was reported after its end.
    [InlineData("away", 3)]
    // One that is attached reports what it can.
    [InlineData("broken", 2)]
    public void The_last_report_is_as_old_as_the_agent_s_end_or_the_trouble(string provider, int minutes) =>
        Assert.Equal(
            T0.AddMinutes(minutes),
            WorkspaceSummary.Of(Make(DesiredState.Running, R, 2), Provider(provider)).LastReportAt
        );

    [Fact]
    public void A_report_that_comes_in_spite_of_the_trouble_is_the_last()
    {
        var later = Make(DesiredState.Running, R, 2) with { StateAt = T0.AddMinutes(10) };

        Assert.Equal(T0.AddMinutes(10), WorkspaceSummary.Of(later, Provider("broken")).LastReportAt);
    }

    [Theory]
    [InlineData("away", DesiredState.Running, 3)]
    [InlineData("away", DesiredState.Deleted, 3)]
    [InlineData("broken", DesiredState.Deleted, 2)]
    public void A_wish_that_comes_in_spite_of_the_trouble_is_no_report(
        string provider,
        DesiredState desired,
        int minutes
    )
    {
        var later = Make(desired, D, 1) with { StateAt = T0.AddMinutes(10) };

        Assert.Equal(T0.AddMinutes(minutes), WorkspaceSummary.Of(later, Provider(provider)).LastReportAt);
    }

    [Fact]
    public void What_was_never_reported_has_no_last_report()
    {
        var summary = WorkspaceSummary.Of(Make(DesiredState.Running, P, 0), Provider("away"));

        Assert.Equal((P, null), (summary.State, summary.LastReportAt));
        Assert.Equal("provider west is in error", summary.Reason);
    }

    private static WorkspaceProvider Provider(string how) =>
        how switch
        {
            "ready" => new("west", ProviderStatus.Ready, "", "", T0, Attached: true, T0),
            "grace" => new("west", ProviderStatus.Ready, "", "", T0, Attached: false, Left),
            "away" => new(
                "west",
                ProviderStatus.Error,
                "agent_disconnected",
                "It has not come back.",
                Left.AddSeconds(30),
                Attached: false,
                Left
            ),
            "broken" => new("west", ProviderStatus.Error, "cluster_unreachable", "refused", Broken, Attached: true, T0),
            _ => new("west", ProviderStatus.Pending, "", "", T0, Attached: false, null),
        };

    private static Workspace Make(DesiredState desired, ObservedState seen, long observed) =>
        new(
            "workspace-w",
            "w",
            "o",
            "me",
            "dev",
            "p",
            new WorkspaceSpec("image", "1", "1Gi", "1Gi", []),
            "",
            desired,
            Generation: 2,
            "",
            T0
        )
        {
            State = seen,
            StateAt = Reported,
            ObservedGeneration = observed,
        };
}
