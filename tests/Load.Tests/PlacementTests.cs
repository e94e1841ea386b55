using Coder.Mesh.Load.Compare;
using Coder.Mesh.Load.Placements;

namespace Coder.Mesh.Load.Tests;

public sealed class PlacementTests
{
    [Fact]
    public async Task A_short_run_measures_every_kind_and_shows_who_waits_for_an_advisory_lock()
    {
        var options = Options(callers: 6) with { WarmUp = TimeSpan.FromSeconds(1), FirstWarmUp = TimeSpan.Zero };
        var run = new PlacementRun(options, TimeProvider.System, TestContext.Current.SendDiagnosticMessage);

        var result = await run.Run(TestContext.Current.CancellationToken);

        var round = Assert.Single(result.Rounds);
        Assert.Equal(Enum.GetValues<Kind>(), round.Keys);
        Assert.All(round.Values, figures => Assert.Empty(figures.Errors));
        Assert.True(result.Complete);
        Assert.All(round.Values, figures => Assert.InRange(figures.P50, double.Epsilon, figures.P99));
        Assert.All(round.Values, figures => Assert.NotEqual(0, figures.Waits.Samples));
        // An exclusive lock lets one through at a time, a shared one all; bare appends take none.
        Assert.InRange(round[Kind.WithMaximum].Waits.AdvisoryLock, 1, options.Callers - 1);
        Assert.Equal(0, round[Kind.Placement].Waits.MostAdvisory);
        Assert.Equal(0, round[Kind.Append].Waits.MostAdvisory);
        Assert.InRange(round[Kind.Placement].Cores.Product, 0.01, Environment.ProcessorCount);
        Assert.InRange(result.AgentsTold, 1, result.Created);
    }

    [Fact]
    public async Task Only_what_is_answered_within_the_window_counts_and_failures_count_by_reason()
    {
        var loop = new ClosedLoop(3, TimeSpan.Zero, TimeSpan.FromMilliseconds(300), TimeProvider.System);
        var watched = false;

        var figures = await loop.Run(
            async (caller, ct) =>
            {
                // The third caller's only answer comes when the window has closed.
                await Task.Delay(caller == 2 ? 500 : 20, ct);
                return caller == 1 ? "Unavailable" : null;
            },
            ct =>
            {
                watched = true;
                return Task.Delay(Timeout.Infinite, ct);
            },
            TestContext.Current.CancellationToken
        );

        Assert.True(watched);
        Assert.InRange(figures.Calls, 1, 15);
        Assert.All(figures.Milliseconds, ms => Assert.InRange(ms, 10, 300));
        Assert.Equal(["Unavailable"], figures.Errors.Keys);
    }

    [Fact]
    public void A_ratio_below_the_budget_is_told_and_so_are_calls_that_failed()
    {
        var kept = Result(append: 100, placement: 50, errors: []);
        var broken = Result(append: 100, placement: 49, errors: new() { ["Aborted/CONCURRENT_CHANGE"] = 2 });

        Assert.True(kept is { WithinBudget: true, Complete: true });
        Assert.Contains("0.50, kept", PlacementTable.Format(kept), StringComparison.Ordinal);
        Assert.True(broken is { WithinBudget: false, Complete: false });
        var table = PlacementTable.Format(broken);
        Assert.Contains("0.49, NOT KEPT", table, StringComparison.Ordinal);
        Assert.Contains("2 x Aborted/CONCURRENT_CHANGE", table, StringComparison.Ordinal);
        Assert.Contains("INCOMPLETE", table, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0.50, 2)]
    [InlineData(0.95, 4)]
    [InlineData(0.25, 1)]
    [InlineData(0.00, 1)]
    public void A_percentile_is_the_smallest_value_that_so_many_do_not_exceed(double share, double expected) =>
        Assert.Equal(expected, Percentile.Of([1, 2, 3, 4], share));

    private static PlacementOptions Options(int callers) =>
        new()
        {
            ControlPlane = Product.Executable,
            Callers = callers,
            Duration = TimeSpan.FromSeconds(1),
            Rounds = 1,
        };

    private static PlacementResult Result(double append, double placement, Dictionary<string, int> errors)
    {
        var slices = Enum.GetValues<Kind>()
            .ToDictionary(kind => kind, kind => Slice(kind == Kind.Append ? append : placement));
        slices[Kind.Placement] = slices[Kind.Placement] with { Errors = errors };
        return new PlacementResult(MachineFacts.Read(), Options(callers: 16), [slices], Created: 1, AgentsTold: 1);
    }

    private static SliceFigures Slice(double perSecond) =>
        new(
            perSecond,
            P50: 1,
            P95: 2,
            P99: 3,
            Errors: new Dictionary<string, int>(),
            new WaitFigures(0, 0, 0, 0, 0, 0, MostAdvisory: 0, Samples: 1),
            new CoreFigures(0, 0, 0, 0)
        );
}
