using System.Globalization;
using System.Text;
using Coder.Mesh.Load.Compare;

namespace Coder.Mesh.Load.Placements;

/// <summary>The result for people.</summary>
internal static class PlacementTable
{
    public static string Format(PlacementResult result)
    {
        var text = new StringBuilder();
        Facts(text, result);
        Add(text, $"{"", -34}{"/s", -26}{"x append", -22}{"p50 ms", -10}{"p95 ms", -10}{"p99 ms", -10}errors");
        foreach (var kind in Enum.GetValues<Kind>())
            Throughput(text, result, kind);
        text.AppendLine();
        Add(text, $"connections with work at hand, on average (sampled 20 times a second)");
        Add(
            text,
            $"{"", -34}{"advisory lock", -15}{"(most)", -8}{"other lock", -12}{"inside", -9}{"disk", -8}{"client", -8}running"
        );
        foreach (var kind in Enum.GetValues<Kind>())
            Waits(text, result, kind);
        text.AppendLine();
        Add(
            text,
            $"{"CPU, cores", -34}{"product", -10}{"PostgreSQL", -12}{"mesh-load", -11}{"everything else", -17}ms per call: {"product", -9}{"PostgreSQL", -12}mesh-load"
        );
        foreach (var kind in Enum.GetValues<Kind>())
            Cores(text, result, kind);
        Verdict(text, result);
        return text.ToString();
    }

    private static void Facts(StringBuilder text, PlacementResult result)
    {
        var (machine, options) = (result.Machine, result.Options);
        Add(
            text,
            $"machine   {machine.Cores} cores, {machine.MemoryGiB:0.0} GiB, {machine.Architecture}, {machine.Kernel}"
        );
        Add(text, $"tool      {machine.Runtime}, {machine.Build} build");
        Add(text, $"load      {options.Callers} callers, each starts the next call once the last is answered");
        Add(
            text,
            $"window    {options.Duration.TotalSeconds:0.###} s after {options.WarmUp.TotalSeconds:0.###} s, {options.Rounds} rounds: median (lowest to highest)"
        );
        text.AppendLine();
    }

    private static void Throughput(StringBuilder text, PlacementResult result, Kind kind)
    {
        var each = result.Rounds.Select(r => r[kind]).ToList();
        var perSecond = Spread.Of(each.Select(f => f.PerSecond));
        var ratios = result.Rounds.Select(r => r[kind].PerSecond / r[Kind.Append].PerSecond);
        var floor = Spread.Of(result.Rounds.Select(r => r[Kind.Append].PerSecond));
        var ratio = Spread.Of(ratios) with { Median = perSecond.Median / floor.Median };
        var errors = each.SelectMany(f => f.Errors).GroupBy(e => e.Key).Select(g => $"{g.Sum(e => e.Value)} x {g.Key}");
        Add(
            text,
            $"{Name(kind), -34}{Show(perSecond, "0"), -26}{Show(ratio, "0.00"), -22}{Median(each, f => f.P50), -10:0.0}{Median(each, f => f.P95), -10:0.0}{Median(each, f => f.P99), -10:0.0}{string.Join(", ", errors.DefaultIfEmpty("0"))}"
        );
    }

    private static void Waits(StringBuilder text, PlacementResult result, Kind kind)
    {
        var each = result.Rounds.Select(r => r[kind].Waits).ToList();
        double Of(Func<WaitFigures, double> value) => Spread.Of(each.Select(value)).Median;
        Add(
            text,
            $"{Name(kind), -34}{Of(w => w.AdvisoryLock), -15:0.00}{each.Max(w => w.MostAdvisory), -8}{Of(w => w.OtherLock), -12:0.00}{Of(w => w.Internal), -9:0.00}{Of(w => w.Disk), -8:0.00}{Of(w => w.Client), -8:0.00}{Of(w => w.Running):0.00}"
        );
    }

    private static void Cores(StringBuilder text, PlacementResult result, Kind kind)
    {
        var each = result.Rounds.Select(r => r[kind]).ToList();
        double Of(Func<CoreFigures, double> value) => Median(each, f => value(f.Cores));
        double PerCall(Func<CoreFigures, double> value) => Median(each, f => 1_000 * value(f.Cores) / f.PerSecond);
        Add(
            text,
            $"{Name(kind), -34}{Of(c => c.Product), -10:0.00}{Of(c => c.Postgres), -12:0.00}{Of(c => c.Tool), -11:0.00}{Of(c => c.Others), -17:0.00}{"", -13}{PerCall(c => c.Product), -9:0.00}{PerCall(c => c.Postgres), -12:0.00}{PerCall(c => c.Tool):0.00}"
        );
    }

    private static void Verdict(StringBuilder text, PlacementResult result)
    {
        text.AppendLine();
        Add(text, $"{result.Created} workspaces were created, {result.AgentsTold} desired states reached their agents");
        var word = result.WithinBudget ? "kept" : "NOT KEPT";
        Add(text, $"budget    placement >= {PlacementResult.Budget:0.0} x append: {result.Ratio:0.00}, {word}");
        if (!result.Complete)
            Add(text, $"INCOMPLETE: calls failed, see errors");
        if (result.Machine.Build == "Debug")
            Add(text, $"note: the floor is a Debug build; build with -c Release for figures that count");
    }

    private static string Name(Kind kind) =>
        kind switch
        {
            Kind.Append => "append (floor)",
            Kind.AppendAndSnapshot => "append and snapshot",
            Kind.Placement => "placement",
            Kind.WithRequestIds => "  with request ids",
            Kind.EightOrganizations => "  from 8 organizations",
            Kind.WithMaximum => "  provider with a maximum",
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "no name"),
        };

    private static double Median(IEnumerable<SliceFigures> each, Func<SliceFigures, double> value) =>
        Spread.Of(each.Select(value)).Median;

    private static string Show(Spread spread, string format)
    {
        var median = spread.Median.ToString(format, CultureInfo.InvariantCulture);
        var min = spread.Min.ToString(format, CultureInfo.InvariantCulture);
        var max = spread.Max.ToString(format, CultureInfo.InvariantCulture);
        return min == max ? median : $"{median} ({min} to {max})";
    }

    private static void Add(StringBuilder text, FormattableString line) =>
        text.AppendLine(line.ToString(CultureInfo.InvariantCulture).TrimEnd());
}
