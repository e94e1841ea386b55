using System.Diagnostics.Metrics;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.Protocol;

namespace Coder.Mesh.Agent.Observability;

/// <summary>Metrics of the agent. Tags come from closed sets and never contain ids.</summary>
internal sealed class AgentMetrics
{
    public const string MeterName = "Coder.Mesh.Agent";

    private readonly Counter<long> _dials;
    private readonly UpDownCounter<long> _attached;
    private readonly Counter<long> _frames;
    private readonly Counter<long> _reconciles;
    private readonly Histogram<double> _reconcileDuration;
    private readonly Counter<long> _probes;

    public AgentMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        _dials = meter.CreateCounter<long>("mesh.agent.dials", "{dial}", "Dials that have ended, by outcome.");
        _attached = meter.CreateUpDownCounter<long>("mesh.agent.attached", "{session}", "Sessions that are open.");
        _frames = meter.CreateCounter<long>("mesh.agent.frames", "{frame}", "Frames, by type and direction.");
        _reconciles = meter.CreateCounter<long>("mesh.agent.reconciles", "{call}", "Applies and removals, by result.");
        _reconcileDuration = meter.CreateHistogram(
            "mesh.agent.reconcile.duration",
            "s",
            "Time of an apply or a removal.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.005, 0.02, 0.1, 0.5, 2, 10, 60] }
        );
        _probes = meter.CreateCounter<long>(
            "mesh.agent.probes",
            "{probe}",
            "Readiness checks of the cluster, by result."
        );
    }

    public void Attached() => _attached.Add(1);

    public void Detached() => _attached.Add(-1);

    public void DialEnded(string outcome) => _dials.Add(1, new KeyValuePair<string, object?>("mesh.outcome", outcome));

    public void FrameSent(ConnectRequest.FrameOneofCase frame) => Frame(FrameNames.Of(frame), "sent");

    public void FrameReceived(ConnectResponse.FrameOneofCase frame) => Frame(FrameNames.Of(frame), "received");

    public void Reconciled(string action, string result, TimeSpan took)
    {
        _reconciles.Add(1, new("mesh.action", action), new("mesh.result", result));
        _reconcileDuration.Record(took.TotalSeconds, new KeyValuePair<string, object?>("mesh.action", action));
    }

    public void Probed(bool reachable) =>
        _probes.Add(1, new KeyValuePair<string, object?>("mesh.result", reachable ? "reachable" : "unreachable"));

    private void Frame(string type, string direction) =>
        _frames.Add(1, new("mesh.frame.type", type), new("mesh.frame.direction", direction));
}
