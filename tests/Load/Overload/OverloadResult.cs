using System.Globalization;
using System.Text;
using Coder.Mesh.Load.Compare;
using Coder.Mesh.Load.Replicas;

namespace Coder.Mesh.Load.Overload;

internal sealed record OverloadOptions
{
    public required string ControlPlane { get; init; }

    /// <summary>Calls that are under way at any time.</summary>
    public required int Calls { get; init; }

    /// <summary>Tokens that they share.</summary>
    public required int Callers { get; init; }

    /// <summary>Opened at once.</summary>
    public required int Watches { get; init; }

    public required int Agents { get; init; }

    /// <summary>Calls with tokens that nobody has, per second.</summary>
    public required int Strangers { get; init; }

    public required TimeSpan Duration { get; init; }
}

/// <param name="Answers">How often each answer was given, by reason; OK for what was done.</param>
/// <param name="Accepted">From the start of an attempt that was let in to its answer.</param>
/// <param name="WithoutDelay">Refusals that name no time to try again.</param>
internal sealed record CallFigures(IReadOnlyDictionary<string, int> Answers, Latency Accepted, int WithoutDelay)
{
    public bool Blames(string reason) => Answers.ContainsKey(reason);
}

/// <param name="Crowd">Of the calls that are too many.</param>
/// <param name="Modest">Of a caller with a token of its own, who makes one call after the other meanwhile.</param>
/// <param name="Watches">By reason; OK for those that run.</param>
/// <param name="Welcome">From the dial of an agent that comes meanwhile to its Welcome.</param>
/// <param name="AgentsReady">Providers that are Ready at the end.</param>
internal sealed record OverloadResult(
    MachineFacts Machine,
    OverloadOptions Options,
    CallFigures Crowd,
    CallFigures Modest,
    IReadOnlyDictionary<string, int> Watches,
    Latency Welcome,
    StrangerFigures Strangers,
    int AgentsReady,
    double Cores
)
{
    /// <summary>A call waits for 5 s at most, and is then one of twenty.</summary>
    private const double Limit = 10_000;

    private const int Places = 2_000;

    private static readonly string[] Faults = ["STORE_UNAVAILABLE", "INTERNAL", "Unknown", "Internal", "Unavailable"];

    public IReadOnlyList<string> Problems =>
        [
            .. Faults
                .Where(f => Crowd.Blames(f) || Modest.Blames(f) || Watches.ContainsKey(f))
                .Select(f => $"{f} was answered"),
            .. Check(Crowd.WithoutDelay + Modest.WithoutDelay == 0, "refusals without a delay"),
            .. Check(Crowd.Accepted.P99 <= Limit, $"p99 of accepted calls is above {Limit} ms"),
            .. Check(Crowd.Accepted.Count > 0, "no call was accepted"),
            .. Check(!Modest.Blames("TOO_MANY_CALLS"), "the modest caller was refused"),
            .. Check(
                Watches.GetValueOrDefault("OK") == Math.Min(Options.Watches, Places)
                    && Watches.GetValueOrDefault("TOO_MANY_WATCHES") == Math.Max(0, Options.Watches - Places),
                "not as many watches run as may"
            ),
            .. Check(AgentsReady == Options.Agents, "not all agents are Ready"),
        ];

    public string Table()
    {
        var text = new StringBuilder();
        Line($"{"", -34}{"count", 9}{"p50 ms", 10}{"p99 ms", 10}{"max ms", 10}");
        Row($"{Options.Calls} calls at once, accepted", Crowd.Accepted);
        Row("a modest caller beside them", Modest.Accepted);
        Row("an agent's Welcome beside them", Welcome);
        Row("strangers, refused", Strangers.Refusal);
        Line($"answers to the crowd: {Text(Crowd.Answers)}");
        Line($"answers to the modest caller: {Text(Modest.Answers)}");
        Line($"{Options.Watches} watches at once: {Text(Watches)}");
        Line(
            $"strangers: {Strangers.PerSecond:0} of {Options.Strangers} per second answered: {Text(Strangers.Answers)}"
        );
        Line($"{AgentsReady} of {Options.Agents} agents Ready; control plane {Cores:0.00} cores");
        text.Append(
            Problems.Count == 0 ? "within all limits" : $"NOT within all limits: {string.Join("; ", Problems)}"
        );
        return text.ToString();

        void Row(string name, Latency l) =>
            Line($"{name, -34}{l.Count, 9}{l.P50, 10:0.0}{l.P99, 10:0.0}{l.Max, 10:0.0}");

        void Line(FormattableString line) => text.AppendLine(line.ToString(CultureInfo.InvariantCulture));
    }

    private static string Text(IReadOnlyDictionary<string, int> counts) =>
        string.Join(", ", counts.OrderByDescending(c => c.Value).Select(c => $"{c.Value} {c.Key}"));

    private static string[] Check(bool holds, string otherwise) => holds ? [] : [otherwise];
}
