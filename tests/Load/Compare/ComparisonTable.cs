using System.Globalization;
using System.Text;

namespace Coder.Mesh.Load.Compare;

/// <summary>A comparison for people.</summary>
internal static class ComparisonTable
{
    private const double MiB = 1 << 20;
    private const double KiB = 1 << 10;

    private sealed record Row(string Name, Func<Figures, double> Value, string Format, bool Ratio);

    private static readonly Row[] Rows =
    [
        new("resident idle, MiB", f => f.IdleBytes / MiB, "0.0", Ratio: true),
        new("resident with agents, MiB", f => f.ResidentBytes / MiB, "0.0", Ratio: true),
        new("  of it anonymous, MiB", f => f.AnonymousBytes / MiB, "0.0", Ratio: true),
        new("resident at its peak, MiB", f => f.PeakBytes / MiB, "0.0", Ratio: true),
        new("per agent, over idle, KiB", f => f.BytesPerAgent / KiB, "0.0", Ratio: true),
        new("CPU idle, cores", f => f.IdleCores, "0.0000", Ratio: false),
        new("CPU with agents, cores", f => f.Cores, "0.0000", Ratio: true),
        new("CPU per heartbeat, over idle, µs", f => f.MicrosecondsPerHeartbeat, "0", Ratio: true),
        new("heartbeats answered, /s", f => f.AnsweredPerSecond, "0.0", Ratio: false),
        new("heartbeats expected, /s", f => f.ExpectedPerSecond, "0.0", Ratio: false),
        new("all attached after, s", f => f.AttachSeconds, "0.0", Ratio: false),
        new("agents' process, cores", f => f.ClientCores, "0.000", Ratio: false),
        new("everything else, cores", f => f.OtherCores, "0.000", Ratio: false),
    ];

    public static string Format(ComparisonResult result)
    {
        var text = new StringBuilder();
        Facts(text, result);
        var product = result.Options.ControlPlane is null ? "floor again" : "product";
        Line(text, "", "floor", product, "ratio");
        foreach (var row in Rows)
        {
            var floor = Spread.Of(result.Rounds.Select(r => row.Value(r.Floor)));
            var measured = Spread.Of(result.Rounds.Select(r => row.Value(r.Product)));
            var ratio = row.Ratio
                ? Ratio(
                    floor.Median,
                    measured.Median,
                    result.Rounds.Select(r => (row.Value(r.Floor), row.Value(r.Product)))
                )
                : "";
            Line(text, row.Name, Show(floor, row.Format), Show(measured, row.Format), ratio);
        }
        Postgres(text, result);
        Remarks(text, result);
        return text.ToString();
    }

    private static void Facts(StringBuilder text, ComparisonResult result)
    {
        var (machine, options) = (result.Machine, result.Options);
        Add(
            text,
            $"machine   {machine.Cores} cores, {machine.MemoryGiB:0.0} GiB, {machine.Architecture}, {machine.Kernel}"
        );
        Add(text, $"tool      {machine.Runtime}, {machine.Build} build");
        Add(text, $"floor     {result.Rounds[0].Floor.Runtime}");
        Add(text, $"product   {result.Rounds[0].Product.Runtime}");
        foreach (var (key, value) in machine.RuntimeSettings)
            Add(text, $"setting   {key}={value}");
        Add(
            text,
            $"load      {options.Count} agents, a connection each, heartbeat every {options.Crowd.Heartbeat.TotalSeconds:0.###} s"
        );
        Add(
            text,
            $"window    {options.Crowd.Duration.TotalSeconds:0.###} s after {options.Crowd.Settle.TotalSeconds:0.###} s, {options.Rounds} rounds: median (lowest to highest)"
        );
        text.AppendLine();
    }

    private static void Postgres(StringBuilder text, ComparisonResult result)
    {
        var found = result.Rounds.Select(r => r.Product.Postgres).OfType<PostgresFigures>().ToArray();
        if (found.Length == 0)
            return;
        text.AppendLine();
        var memory = Spread.Of(found.Select(p => p.ProportionalBytes / MiB));
        var cores = Spread.Of(found.Select(p => p.Cores));
        Add(
            text,
            $"apart, for information: the product's PostgreSQL, {found[^1].Processes} processes, Pss {Show(memory, "0.0")} MiB, CPU {Show(cores, "0.0000")} cores"
        );
    }

    private static void Remarks(StringBuilder text, ComparisonResult result)
    {
        foreach (var (round, number) in result.Rounds.Select((round, i) => (round, i + 1)))
        {
            foreach (var (name, figures) in new[] { ("floor", round.Floor), ("product", round.Product) })
            {
                if (figures.Attached != result.Options.Count || figures.EndedEarly.Count > 0)
                    Add(
                        text,
                        $"INCOMPLETE: round {number}, {name}: {figures.Attached} of {result.Options.Count} attached; ended early: {Ends(figures)}"
                    );
                if (figures.Connections != result.Options.Count)
                    Add(text, $"note: round {number}, {name}: {figures.Connections} connections were opened");
            }
        }
        if (result.Machine.Build == "Debug")
            Add(text, $"note: the floor is a Debug build; build with -c Release for figures that count");
    }

    private static string Ends(Figures figures) =>
        figures.EndedEarly.Count == 0
            ? "none"
            : string.Join(", ", figures.EndedEarly.Select(e => $"{e.Value} × {e.Key}"));

    // A quotient of two nearly nothings says nothing.
    private static string Ratio(double floor, double product, IEnumerable<(double Floor, double Product)> rounds)
    {
        if (floor <= 0 || product < 0)
            return "-";
        double[] each = [.. rounds.Where(r => r.Floor > 0).Select(r => r.Product / r.Floor)];
        return Show(Spread.Of(each) with { Median = product / floor }, "0.00");
    }

    private static string Show(Spread spread, string format)
    {
        var median = spread.Median.ToString(format, CultureInfo.InvariantCulture);
        var min = spread.Min.ToString(format, CultureInfo.InvariantCulture);
        var max = spread.Max.ToString(format, CultureInfo.InvariantCulture);
        return min == max ? median : $"{median} ({min} to {max})";
    }

    private static void Line(StringBuilder text, string name, string floor, string product, string ratio) =>
        text.AppendLine($"{name, -34}{floor, -28}{product, -28}{ratio}".TrimEnd());

    private static void Add(StringBuilder text, FormattableString line) =>
        text.AppendLine(line.ToString(CultureInfo.InvariantCulture));
}
