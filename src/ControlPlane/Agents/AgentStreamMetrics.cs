using System.Diagnostics.Metrics;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.ControlPlane.Observability;
using Coder.Mesh.Protocol;

namespace Coder.Mesh.ControlPlane.Agents;

/// <summary>Metrics of agent streams. All tags are from closed sets; docs/observability.md lists them.</summary>
internal sealed class AgentStreamMetrics
{
    private readonly UpDownCounter<long> _active;
    private readonly Counter<long> _attaches;
    private readonly Counter<long> _refusals;
    private readonly Counter<long> _ends;
    private readonly Histogram<double> _duration;
    private readonly Counter<long> _frames;

    public AgentStreamMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(Meters.Name);
        _active = meter.CreateUpDownCounter<long>("mesh.agent.sessions.active", "{session}", "Open agent sessions");
        _attaches = meter.CreateCounter<long>("mesh.agent.attaches", "{attach}", "Agents that were given an epoch");
        _refusals = meter.CreateCounter<long>("mesh.agent.refusals", "{refusal}", "Agents refused at Hello, by reason");
        _ends = meter.CreateCounter<long>("mesh.agent.session.ends", "{session}", "Ended sessions, by end");
        _duration = meter.CreateHistogram<double>(
            "mesh.agent.session.duration",
            "s",
            "How long sessions lasted, by end",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [1, 10, 60, 600, 3600, 21600, 86400] }
        );
        _frames = meter.CreateCounter<long>("mesh.agent.frames", "{frame}", "Frames, by direction and type");
    }

    public void Opened()
    {
        _attaches.Add(1);
        _active.Add(1);
    }

    public void Closed(SessionEnd end, TimeSpan lasted)
    {
        var tag = new KeyValuePair<string, object?>("mesh.session.end", end.Tag());
        _active.Add(-1);
        _ends.Add(1, tag);
        _duration.Record(lasted.TotalSeconds, tag);
    }

    public void Refused(string reason) => _refusals.Add(1, new KeyValuePair<string, object?>("mesh.reason", reason));

    public void Received(ConnectRequest.FrameOneofCase frame) => Count("received", FrameNames.Of(frame));

    public void Sent(ConnectResponse.FrameOneofCase frame) => Count("sent", FrameNames.Of(frame));

    private void Count(string direction, string type) =>
        _frames.Add(
            1,
            new KeyValuePair<string, object?>("mesh.frame.direction", direction),
            new KeyValuePair<string, object?>("mesh.frame.type", type)
        );
}
