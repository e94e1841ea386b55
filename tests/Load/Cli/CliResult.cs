using System.Globalization;
using System.Text;
using Coder.Mesh.Load.Compare;

namespace Coder.Mesh.Load.Cli;

/// <param name="ControlPlane">The executable that is called.</param>
/// <param name="Mesh">The `mesh` that is measured.</param>
/// <param name="Baseline">The one that it is compared with; null for none.</param>
/// <param name="Runs">How often each command is run.</param>
internal sealed record CliOptions(string ControlPlane, string Mesh, string? Baseline, int Runs);

/// <summary>What one run of a command costs, in milliseconds.</summary>
internal sealed record CliCost(Spread Cpu, Spread Elapsed)
{
    public static CliCost Of(IEnumerable<Sample> samples)
    {
        var all = samples.ToList();
        return new CliCost(
            Spread.Of(all.Select(s => s.Cpu.TotalMilliseconds)),
            Spread.Of(all.Select(s => s.Elapsed.TotalMilliseconds))
        );
    }
}

internal sealed record CliFigures(string Command, CliCost Mesh, CliCost? Baseline)
{
    /// <summary>CPU time beside the baseline's; null without one.</summary>
    public double? Ratio => Mesh.Cpu.Median / Baseline?.Cpu.Median;
}

internal sealed record CliResult(MachineFacts Machine, CliOptions Options, IReadOnlyList<CliFigures> Figures)
{
    /// <summary>Of the baseline's CPU time, where there is one.</summary>
    public const double MaxRatio = 0.5;

    public bool WithinBudget => Figures.All(f => f.Ratio is null or <= MaxRatio);

    public string Format()
    {
        var text = new StringBuilder();
        var (runs, baseline) = (Options.Runs, Options.Baseline);
        Add(text, $"{Machine.Cores} cores, {Machine.Architecture}, {Machine.Kernel}");
        Add(text, $"mesh:     {Options.Mesh}");
        if (baseline is not null)
            Add(text, $"baseline: {baseline}");
        Add(text, $"{runs} runs of each, in turn; median (lowest to highest), CPU time is user and system");
        text.AppendLine();
        Add(text, $"{"mesh", -26}{"CPU ms", -22}{"elapsed ms", -22}{"baseline CPU ms", -22}ratio of CPU");
        foreach (var f in Figures)
            Add(
                text,
                $"{f.Command, -26}{Cell(f.Mesh.Cpu), -22}{Cell(f.Mesh.Elapsed), -22}{Cell(f.Baseline?.Cpu), -22}{f.Ratio, -5:0.00}"
            );
        if (!WithinBudget)
            Add(text, $"NOT WITHIN BUDGET: at most {MaxRatio} of the baseline's CPU time");
        return text.ToString();
    }

    private static string Cell(Spread? spread) =>
        spread is null ? "-" : FormattableString.Invariant($"{spread.Median:0} ({spread.Min:0} to {spread.Max:0})");

    private static void Add(StringBuilder text, FormattableString line) =>
        text.AppendLine(line.ToString(CultureInfo.InvariantCulture).TrimEnd());
}
