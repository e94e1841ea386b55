using Coder.Mesh.Load.Compare;
using Coder.Mesh.Load.Scale;

namespace Coder.Mesh.Load.Tests;

public sealed class ScaleTests
{
    [Fact]
    public async Task A_small_store_is_filled_with_what_the_control_plane_takes_for_its_own_and_each_plan_is_written()
    {
        var plans = Path.GetTempFileName();
        try
        {
            var options = new ScaleOptions
            {
                ControlPlane = Product.Executable,
                Layout = new Layout(Providers: 200, Workspaces: 1_000),
                Calls = 2,
                WarmUp = 1,
                Plans = plans,
            };
            var run = new ScaleRun(options, TimeProvider.System, TestContext.Current.SendDiagnosticMessage);

            // Fails if the control plane reads anything else than was filled in, or can't write on from it.
            var result = await run.Run(TestContext.Current.CancellationToken);

            Assert.True(result.Complete);
            var rows = result.Cases.ToDictionary(c => c.Name, c => c.Rows);
            Assert.Equal(100, rows["ListProviders, first page"]);
            Assert.Equal(0, rows["ListProviders, region that none has"]);
            // The copies, and the one that they are copies of.
            Assert.Equal(20 + 1, rows["ListProviders, status Error"]);
            Assert.Equal(100, rows["ListWorkspaces, organization"]);
            Assert.Equal(0, rows["ListWorkspaces, state that none is in"]);
            // Reports of conditions that say nothing new have no line.
            Assert.InRange(
                rows["ListHistory, 1000 events: all in one page"],
                Layout.LongHistory / 2,
                Layout.LongHistory
            );
            var text = await File.ReadAllTextAsync(plans, TestContext.Current.CancellationToken);
            var sections = text.Split("## ", StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal(result.Cases.Select(c => c.Name), sections.Select(s => s.Split('\n')[0]));
            Assert.All(sections, section => Assert.Contains("actual time=", section, StringComparison.Ordinal));
        }
        finally
        {
            File.Delete(plans);
        }
    }

    [Fact]
    public void A_p95_over_the_budget_is_told()
    {
        var kept = CaseFigures.Of("kept", Enumerable.Repeat(50d, 20), [1], othersCores: 0);
        var over = CaseFigures.Of("over", Enumerable.Repeat(50.1, 20), [1], othersCores: 0);

        Assert.True(Result(kept) is { WithinBudget: true, Complete: true });
        Assert.Contains("kept by all", Result(kept).Format(), StringComparison.Ordinal);
        Assert.False(Result(kept, over).WithinBudget);
        Assert.Contains("NOT KEPT by 1 of 2", Result(kept, over).Format(), StringComparison.Ordinal);
        var fewer = CaseFigures.Of("fewer", Enumerable.Repeat(1d, 19), [1], othersCores: 0);
        Assert.False(Result(fewer).Complete);
        Assert.Contains("INCOMPLETE", Result(fewer).Format(), StringComparison.Ordinal);
    }

    [Fact]
    public void Plans_are_read_from_the_log_with_their_query()
    {
        const string log =
            "2026-11-24 14:00:00.000 UTC [7] LOG:  duration: 0.1 ms  plan:\n"
            + "\tQuery Text: select a\n\tfrom t where id = any($1)\n"
            + "\tIndex Scan using i on t  (cost=0.1..0.2 rows=1 width=1) (actual time=0.1..0.1 rows=1 loops=1)\n"
            + "\t  Index Cond: (id = ANY ('{a,b,c,d}'::text[]))\n"
            + "2026-11-24 14:00:00.001 UTC [8] LOG:  checkpoint starting: time\n"
            + "2026-11-24 14:00:00.002 UTC [7] LOG:  duration: 0.1 ms  plan:\n"
            + "\tQuery Text: select 1\n"
            + "\tResult  (cost=0.00..0.01 rows=1 width=4) (actual time=0.0..0.0 rows=1 loops=1)\n";

        var statements = PlanLog.Parse(log).ToList();

        Assert.Equal(["select a from t where id = any($1)", "select 1"], statements.Select(s => s.Query));
        Assert.Equal("Index Cond: (id = ANY ('{a,b, … }'::text[]))", statements[0].Plan.Split('\n')[1].Trim());
        Assert.StartsWith("Result  (cost=", statements[1].Plan, StringComparison.Ordinal);
    }

    [Fact]
    public void Each_provider_that_a_case_names_is_of_the_kind_it_is_meant_to_be()
    {
        var layout = new Layout(Providers: 10_000, Workspaces: 100_000);
        var numbers = Enumerable.Range(0, 1_000).ToList();

        Assert.All(numbers, i => Assert.Contains(NumberInGroup(layout.ReadyProvider(i, i)) % 10, (int[])[0, 1, 2, 4]));
        Assert.All(numbers, i => Assert.Equal(3, NumberInGroup(layout.LimitedProvider(i, i)) % 10));
        Assert.All(numbers, i => Assert.Equal(5, NumberInGroup(layout.CordonedProvider(i, i)) % 20));
        Assert.All(numbers, i => Assert.Equal(8, NumberInGroup(layout.ErrorProvider(i, i)) % 10));

        int NumberInGroup(string provider) => int.Parse(provider.AsSpan("provider-".Length)) / layout.Groups;
    }

    private static ScaleResult Result(params CaseFigures[] cases) =>
        new(
            MachineFacts.Read(),
            new ScaleOptions
            {
                ControlPlane = "",
                Layout = new Layout(Providers: 100, Workspaces: 1_000),
                Calls = 20,
            },
            cases
        );
}
