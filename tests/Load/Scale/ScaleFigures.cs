using System.Globalization;
using System.Text;
using Coder.Mesh.Load.Compare;

namespace Coder.Mesh.Load.Scale;

internal sealed record ScaleOptions
{
    public required string ControlPlane { get; init; }
    public required Layout Layout { get; init; }
    public required int Calls { get; init; }
    public int WarmUp { get; init; } = 30;

    /// <summary>Where plans go; null for none.</summary>
    public string? Plans { get; init; }
}

/// <summary>One kind of call, made over and over, one after the other.</summary>
/// <param name="Rows">Median of the rows in an answer.</param>
/// <param name="OthersCores">What neither the product nor its PostgreSQL nor this tool used meanwhile: the
/// noise.</param>
internal sealed record CaseFigures(
    string Name,
    int Calls,
    double Rows,
    double P50,
    double P95,
    double P99,
    double OthersCores
)
{
    /// <summary>In milliseconds, at the caller.</summary>
    public const double Budget = 50;

    public bool WithinBudget => P95 <= Budget;

    public static CaseFigures Of(
        string name,
        IEnumerable<double> milliseconds,
        IEnumerable<double> rows,
        double othersCores
    )
    {
        double[] sorted = [.. milliseconds.Order()];
        return new CaseFigures(
            name,
            sorted.Length,
            Spread.Of(rows).Median,
            Percentile.Of(sorted, 0.50),
            Percentile.Of(sorted, 0.95),
            Percentile.Of(sorted, 0.99),
            othersCores
        );
    }
}

internal sealed record ScaleResult(MachineFacts Machine, ScaleOptions Options, IReadOnlyList<CaseFigures> Cases)
{
    /// <summary>Whether each kind was called as often as was asked for.</summary>
    public bool Complete => Cases.All(c => c.Calls == Options.Calls);

    public bool WithinBudget => Cases.All(c => c.WithinBudget);

    public string Format()
    {
        var text = new StringBuilder();
        var layout = Options.Layout;
        Add($"machine   {Machine.Cores} cores, {Machine.MemoryGiB:0.0} GiB, {Machine.Architecture}, {Machine.Kernel}");
        Add($"tool      {Machine.Runtime}, {Machine.Build} build");
        Add(
            $"store     {layout.Providers} providers, {layout.Workspaces} unfinished workspaces and {layout.AllWorkspaces - layout.Workspaces} that have ended, {layout.Organizations} organizations"
        );
        Add($"load      one caller, {Options.Calls} calls of each kind");
        Add($"");
        Add(
            $"{"milliseconds", -54}{"calls", -7}{"rows", -7}{"p50", -9}{"p95", -9}{"p99", -9}{"others", -9}p95 <= {CaseFigures.Budget:0}"
        );
        foreach (var one in Cases)
            Add(
                $"{one.Name, -54}{one.Calls, -7}{one.Rows, -7:0}{one.P50, -9:0.0}{one.P95, -9:0.0}{one.P99, -9:0.0}{one.OthersCores, -9:0.00}{(one.WithinBudget ? "" : "OVER")}"
            );
        Add($"");
        var over = Cases.Count(c => !c.WithinBudget);
        Add(
            $"budget    p95 <= {CaseFigures.Budget:0} ms: {(over == 0 ? "kept by all" : $"NOT KEPT by {over} of {Cases.Count}")}"
        );
        if (!Complete)
            Add($"INCOMPLETE: fewer calls than asked for, see calls");
        return text.ToString();

        void Add(FormattableString line) => text.AppendLine(line.ToString(CultureInfo.InvariantCulture).TrimEnd());
    }
}
