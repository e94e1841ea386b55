using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Protocol;
using Coder.Mesh.V1;
using Google.Protobuf.WellKnownTypes;

namespace Coder.Mesh.Agent.Reconcile;

/// <summary>
/// Compares the agent's clock with the control plane's, beside whose times the agent's are shown. Written as frames
/// arrive, read by the probe loop.
/// </summary>
internal sealed class ServerClock
{
    private static readonly TimeSpan MaxSkew = TimeSpan.FromSeconds(30);

    // Times of the control plane must not cause a failure, whatever they are.
    private const long EndOfTime = 253_402_300_800;
    private const int NanosInSecond = 1_000_000_000;

    // A lower threshold for recovery, so that clocks at the limit are not reported every minute.
    private static readonly TimeSpan ResyncedSkew = TimeSpan.FromSeconds(25);

    // A longer round trip measures the network, or a clock that was just set.
    private static readonly TimeSpan MaxRoundTrip = TimeSpan.FromSeconds(10);

    private static readonly ProbedCondition Synced = new(ConditionTypes.ClockSynced, ConditionStatus.True);

    private volatile ProbedCondition? _condition;

    /// <summary>Null before the control plane has reported its time.</summary>
    public ProbedCondition? Condition => _condition;

    /// <param name="sent">By the agent's clock, like <paramref name="received"/>.</param>
    /// <param name="server">By the control plane's clock, between the two; null if not reported.</param>
    public void Observe(Timestamp? sent, Timestamp? server, DateTimeOffset received)
    {
        if (At(sent) is { } from && At(server) is { } there)
            Observe(from, there, received);
    }

    private void Observe(DateTimeOffset sent, DateTimeOffset server, DateTimeOffset received)
    {
        var trip = received - sent;
        if (trip < TimeSpan.Zero || trip > MaxRoundTrip)
            return;
        var ahead = sent + trip / 2 - server;
        var limit = _condition is { Status: ConditionStatus.False } ? ResyncedSkew : MaxSkew;
        _condition = ahead.Duration() - trip / 2 > limit ? Apart(ahead > TimeSpan.Zero) : Synced;
    }

    private static DateTimeOffset? At(Timestamp? told) =>
        told is { Seconds: >= 0 and < EndOfTime, Nanos: >= 0 and < NanosInSecond } ? told.ToDateTimeOffset() : null;

    private static ProbedCondition Apart(bool ahead) =>
        new(
            ConditionTypes.ClockSynced,
            ConditionStatus.False,
            ClusterCodes.ClockSkewed,
            $"The agent's clock is more than {MaxSkew.TotalSeconds:0} s {(ahead ? "ahead of" : "behind")} the "
                + "control plane's."
        );
}
