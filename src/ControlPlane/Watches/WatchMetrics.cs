using System.Diagnostics.Metrics;
using Coder.Mesh.ControlPlane.Observability;

namespace Coder.Mesh.ControlPlane.Watches;

/// <summary>Metrics of watches.</summary>
internal sealed class WatchMetrics
{
    private readonly UpDownCounter<long> _active;
    private readonly Counter<long> _ends;

    public WatchMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(Meters.Name);
        _active = meter.CreateUpDownCounter<long>("mesh.watches.active", "{watch}", "Open watches");
        _ends = meter.CreateCounter<long>(
            "mesh.watch.ends",
            "{watch}",
            "Watches that were refused or ended, by reason"
        );
    }

    public void Opened() => _active.Add(1);

    public void Closed() => _active.Add(-1);

    public void Ended(string reason) => _ends.Add(1, new KeyValuePair<string, object?>("mesh.reason", reason));
}
