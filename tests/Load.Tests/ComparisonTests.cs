using Coder.Mesh.Load.Agents;
using Coder.Mesh.Load.Compare;

namespace Coder.Mesh.Load.Tests;

public sealed class ComparisonTests
{
    private static readonly CrowdOptions Crowd = new()
    {
        Target = new Uri("http://127.0.0.1"),
        Heartbeat = TimeSpan.FromSeconds(1),
        Duration = TimeSpan.FromSeconds(2),
        Settle = TimeSpan.FromSeconds(1),
        Ramp = 100,
    };

    [Fact]
    public async Task The_floor_beside_itself_is_measured_in_processes_of_their_own()
    {
        var options = Options(count: 5, rounds: 1);
        var said = new List<string>();

        var result = await new Comparison(options, TimeProvider.System, said.Add).Run(
            TestContext.Current.CancellationToken
        );

        Assert.Equal(["round 1 of 1: floor", "round 1 of 1: floor again"], said);
        Assert.True(result.Complete);
        var round = Assert.Single(result.Rounds);
        Assert.All(
            [round.Floor, round.Product],
            figures =>
            {
                Assert.Equal((5, 5), (figures.Attached, figures.Connections));
                Assert.InRange(figures.AnsweredPerSecond, 2, 8);
                // A .NET server that serves is neither smaller nor larger than this.
                Assert.InRange(figures.IdleBytes, 20L << 20, 400L << 20);
                Assert.InRange(figures.ResidentBytes, figures.IdleBytes / 2, figures.PeakBytes);
                Assert.InRange(figures.Cores, 0, result.Machine.Cores);
                Assert.StartsWith("shared 10.", figures.Runtime.Version, StringComparison.Ordinal);
                Assert.Equal("workstation", figures.Runtime.Collector);
                Assert.Null(figures.Postgres);
            }
        );
    }

    [Fact]
    public async Task A_control_plane_that_ends_at_once_is_shown_with_its_exit_code()
    {
        var options = Options(count: 5, rounds: 1) with { ControlPlane = "/bin/false" };

        var e = await Assert.ThrowsAsync<LoadException>(() =>
            new Comparison(options, TimeProvider.System, _ => { }).Run(TestContext.Current.CancellationToken)
        );

        Assert.Contains("the control plane ended with exit code 1", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_table_shows_ratios_of_medians_and_their_range_over_the_rounds()
    {
        var table = ComparisonTable.Format(
            Result(
                new RoundFigures(Figures(residentMiB: 100), Figures(residentMiB: 120)),
                new RoundFigures(Figures(residentMiB: 200), Figures(residentMiB: 220))
            )
        );

        var row = table.Split('\n').Single(l => l.StartsWith("resident with agents", StringComparison.Ordinal));
        Assert.Equal(
            "resident with agents, MiB 150.0 (100.0 to 200.0) 170.0 (120.0 to 220.0) 1.13 (1.10 to 1.20)",
            string.Join(' ', row.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        );
        Assert.DoesNotContain("INCOMPLETE", table, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_that_lost_agents_says_so_and_is_not_complete()
    {
        var lost = Figures(residentMiB: 100) with
        {
            Attached = 4,
            EndedEarly = new Dictionary<string, int> { ["Aborted/SESSION_SUPERSEDED"] = 1 },
        };
        var result = Result(new RoundFigures(Figures(residentMiB: 100), lost));

        Assert.False(result.Complete);
        Assert.Contains(
            "INCOMPLETE: round 1, product: 4 of 5 attached; ended early: 1 × Aborted/SESSION_SUPERSEDED",
            ComparisonTable.Format(result),
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData(new[] { 3d, 1, 2 }, 2, 1, 3)]
    [InlineData(new[] { 4d, 1, 2, 3 }, 2.5, 1, 4)]
    [InlineData(new[] { 7d }, 7, 7, 7)]
    public void A_spread_is_the_median_and_both_ends(double[] values, double median, double min, double max) =>
        Assert.Equal(new Spread(median, min, max), Spread.Of(values));

    [Theory]
    [InlineData("7f00 r-xp 00 /usr/share/dotnet/shared/Microsoft.NETCore.App/10.0.12/libcoreclr.so", "shared 10.0.12")]
    [InlineData("7f00 r-xp 00 /opt/mesh/libcoreclr.so", "self-contained")]
    [InlineData("7f00 r-xp 00 /opt/mesh/mesh-control-plane", "built in (single file)")]
    public void The_memory_map_tells_the_runtime(string line, string expected) =>
        Assert.Equal(expected, ServerRuntime.ParseVersion(["7f00 r-xp 00 [heap]", line]));

    [Fact]
    public void The_server_collector_is_known_by_its_threads()
    {
        Assert.Equal("server", ServerRuntime.ParseCollector(["mesh-load", ".NET Server GC", ".NET Server GC"]));
        Assert.Equal("workstation", ServerRuntime.ParseCollector(["mesh-load", ".NET Finalizer"]));
    }

    private static ComparisonOptions Options(int count, int rounds) =>
        new()
        {
            ControlPlane = null,
            Count = count,
            Rounds = rounds,
            Crowd = Crowd,
        };

    private static ComparisonResult Result(params RoundFigures[] rounds) =>
        new(MachineFacts.Read(), Options(count: 5, rounds.Length), rounds);

    private static Figures Figures(long residentMiB) =>
        new()
        {
            IdleBytes = 50L << 20,
            ResidentBytes = residentMiB << 20,
            AnonymousBytes = 20L << 20,
            PeakBytes = residentMiB << 20,
            BytesPerAgent = 1_024,
            IdleCores = 0,
            Cores = 0.1,
            MicrosecondsPerHeartbeat = 100,
            AnsweredPerSecond = 5,
            ExpectedPerSecond = 5,
            AttachSeconds = 1,
            Attached = 5,
            Connections = 5,
            EndedEarly = new Dictionary<string, int>(),
            ClientCores = 0.1,
            OtherCores = 0,
            Runtime = new ServerRuntime("shared 10.0.0", "workstation"),
        };
}
