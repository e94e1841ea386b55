using System.Globalization;
using System.Text;
using Coder.Mesh.Load.Compare;

namespace Coder.Mesh.Load.Replicas;

internal sealed record ReplicasOptions
{
    public required string ControlPlane { get; init; }

    /// <summary>About half of them are attached to the replica that is killed.</summary>
    public required int Agents { get; init; }

    public required int Creates { get; init; }

    /// <summary>Creates with every NOTIFY kept from arriving; each may take a second.</summary>
    public required int CreatesWithoutNotify { get; init; }
}

/// <summary>Percentiles of times in milliseconds.</summary>
internal sealed record Latency(int Count, double P50, double P99, double Max)
{
    public static Latency Of(IEnumerable<double> milliseconds)
    {
        var sorted = milliseconds.Order().ToList();
        return sorted.Count == 0
            ? new Latency(0, 0, 0, 0)
            : new Latency(sorted.Count, Percentile.Of(sorted, 0.5), Percentile.Of(sorted, 0.99), sorted[^1]);
    }
}

/// <param name="Notified">From the call of a create at one replica to the frame at an agent of the other.</param>
/// <param name="WithoutNotify">The same while no NOTIFY arrives.</param>
/// <param name="Moved">From the kill of a replica to an agent's welcome at the other.</param>
/// <param name="NotMoved">Agents of the killed replica that came back nowhere.</param>
/// <param name="Errors">Changes of a status to Error, in all, before the last stop.</param>
/// <param name="StoppedMilliseconds">From SIGTERM to the exit of a control plane that holds all agents, and its
/// PostgreSQL.</param>
internal sealed record ReplicasResult(
    MachineFacts Machine,
    ReplicasOptions Options,
    Latency Notified,
    Latency WithoutNotify,
    Latency Moved,
    int NotMoved,
    long Errors,
    double StoppedMilliseconds
)
{
    private const double NotifiedLimit = 100;
    private const double WithoutNotifyLimit = 1500;
    private const double MovedLimit = 10_000;

    /// <summary>
    /// 3 s for agents to hear of it, 5 s for connections to close, 10 s for PostgreSQL, and a little.
    /// </summary>
    private const double StoppedLimit = 20_000;

    public bool Complete =>
        Notified.Count == Options.Creates && WithoutNotify.Count == Options.CreatesWithoutNotify && NotMoved == 0;

    public bool WithinBudget =>
        Errors == 0
        && Notified.P99 <= NotifiedLimit
        && WithoutNotify.P99 <= WithoutNotifyLimit
        && Moved.P99 <= MovedLimit
        && StoppedMilliseconds <= StoppedLimit;

    public string Table()
    {
        var text = new StringBuilder();
        text.AppendLine(
            CultureInfo.InvariantCulture,
            $"{"", -36}{"count", 8}{"p50 ms", 10}{"p99 ms", 10}{"max ms", 10}{"p99 limit", 11}"
        );
        Row("create to the other's agent", Notified, NotifiedLimit);
        Row("the same without NOTIFY", WithoutNotify, WithoutNotifyLimit);
        Row("replica killed to agent attached", Moved, MovedLimit);
        Row("stopped with all agents attached", Latency.Of([StoppedMilliseconds]), StoppedLimit);
        text.AppendLine(
            CultureInfo.InvariantCulture,
            $"agents that did not come back: {NotMoved}; changes to Error: {Errors}"
        );
        text.Append(
            Complete
                ? WithinBudget
                    ? "within all limits"
                    : "NOT within all limits"
                : "INCOMPLETE"
        );
        return text.ToString();

        void Row(string name, Latency l, double limit) =>
            text.AppendLine(
                CultureInfo.InvariantCulture,
                $"{name, -36}{l.Count, 8}{l.P50, 10:0.0}{l.P99, 10:0.0}{l.Max, 10:0.0}{limit, 11:0}"
            );
    }
}
