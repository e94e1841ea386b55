using System.Globalization;
using System.Text;
using Coder.Mesh.Load.Compare;

namespace Coder.Mesh.Load.Storm;

internal sealed record StormOptions
{
    public required string ControlPlane { get; init; }

    public required int Agents { get; init; }

    public required int Rounds { get; init; }

    /// <summary>First dials per second; 0 for all at once.</summary>
    public required int Ramp { get; init; }

    /// <summary>Number of processes that each use one processor meanwhile.</summary>
    public required int BesideLoad { get; init; }
}

/// <param name="Seconds">Since the port opened.</param>
/// <param name="Attached">Agents with an open session.</param>
internal sealed record CurvePoint(double Seconds, long Attached);

/// <summary>How the agents of a killed server returned.</summary>
internal sealed record Recovery
{
    private const double LongStall = 2;

    /// <summary>From the first dial until all agents were attached before the kill.</summary>
    public required double FirstSeconds { get; init; }

    public required double FirstDialsPerAgent { get; init; }

    /// <summary>From the kill until the restarted server accepted connections.</summary>
    public required double PortOpenSeconds { get; init; }

    public required long Attached { get; init; }

    public required IReadOnlyList<CurvePoint> Curve { get; init; }

    public required double DialsPerAgent { get; init; }

    /// <summary>Changes of providers' status that were stored since the kill.</summary>
    public required long StatusEvents { get; init; }

    /// <summary>CPU time of the server's own process until all agents were attached.</summary>
    public required double CpuSeconds { get; init; }

    public required double ResidentMebibytes { get; init; }

    public required IReadOnlyDictionary<string, int> EndedEarly { get; init; }

    /// <summary>Seconds after the port opened at which this share of the agents was attached; null if never.</summary>
    public double? At(double share, int agents) => Curve.FirstOrDefault(p => p.Attached >= share * agents)?.Seconds;

    /// <summary>
    /// Periods of more than two seconds in which no further agent was attached, though some were missing.
    /// </summary>
    public IReadOnlyList<(double From, double Seconds, long Attached)> Stalls()
    {
        var stalls = new List<(double, double, long)>();
        var best = Curve[0];
        foreach (var point in Curve.Skip(1))
        {
            if (point.Attached <= best.Attached && point != Curve[^1])
                continue;
            if (point.Seconds - best.Seconds > LongStall)
                stalls.Add((best.Seconds, point.Seconds - best.Seconds, best.Attached));
            best = point;
        }

        return stalls;
    }
}

internal sealed record StormRound(Recovery Floor, Recovery Product);

internal sealed record StormResult(MachineFacts Machine, StormOptions Options, IReadOnlyList<StormRound> Rounds)
{
    private const double RecoveryLimit = 30;
    private const double RatioLimit = 1.5;
    private const double DialsLimit = 2;

    public bool Complete => Rounds.All(r => r.Product.Attached >= Options.Agents && r.Floor.Attached >= Options.Agents);

    public bool WithinBudget => Rounds.All(IsWithin);

    private bool IsWithin(StormRound round) =>
        round.Product.At(1, Options.Agents) is { } own
        && round.Floor.At(1, Options.Agents) is { } floor
        && own <= RecoveryLimit
        && own <= RatioLimit * Math.Max(1, floor)
        && round.Product.DialsPerAgent <= DialsLimit
        && round.Product.StatusEvents == 0;

    public string Table()
    {
        var text = new StringBuilder();
        Line(
            $"{"", -12}{"first s", 9}{"dials", 7}{"port s", 8}{"50% s", 8}{"95% s", 8}{"all s", 8}{"dials", 7}{"status", 8}{"CPU s", 8}{"MiB", 7}  stalls over 2 s"
        );
        foreach (var (round, n) in Rounds.Select((r, n) => (r, n + 1)))
        {
            Row($"floor {n}", round.Floor);
            Row($"product {n}", round.Product);
            foreach (var (kind, count) in round.Product.EndedEarly)
                Line($"  {count} sessions or dials of the product's agents ended: {kind}");
        }

        text.Append(
            CultureInfo.InvariantCulture,
            $"limits: all within {RecoveryLimit:0} s and {RatioLimit:0.0} x the floor's time, {DialsLimit:0} dials per agent, no change of status: "
        );
        text.Append(
            !Complete ? "INCOMPLETE"
            : WithinBudget ? "kept"
            : "NOT kept"
        );
        return text.ToString();

        void Row(string name, Recovery r)
        {
            var stalls = string.Join(", ", r.Stalls().Select(s => $"{s.Seconds:0.0} s at {s.Attached}"));
            Line(
                $"{name, -12}{r.FirstSeconds, 9:0.0}{r.FirstDialsPerAgent, 7:0.00}{r.PortOpenSeconds, 8:0.0}{r.At(0.5, Options.Agents), 8:0.0}{r.At(0.95, Options.Agents), 8:0.0}{r.At(1, Options.Agents), 8:0.0}{r.DialsPerAgent, 7:0.00}{r.StatusEvents, 8}{r.CpuSeconds, 8:0.0}{r.ResidentMebibytes, 7:0}  {stalls}"
            );
        }

        void Line(FormattableString line) => text.AppendLine(line.ToString(CultureInfo.InvariantCulture));
    }
}
