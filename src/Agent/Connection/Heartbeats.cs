using Coder.Mesh.Agent.Reconcile;
using Coder.Mesh.Agent.V1;
using Google.Protobuf.WellKnownTypes;

namespace Coder.Mesh.Agent.Connection;

/// <summary>
/// Sends a heartbeat at each interval, and immediately when the readiness of the cluster has changed. A heartbeat
/// contains the readiness only if it differs from the last one sent.
/// </summary>
/// <param name="initial">The readiness in the Hello.</param>
internal sealed class Heartbeats(
    ReportQueue reports,
    ClusterStatus cluster,
    Readiness initial,
    TimeSpan interval,
    TimeProvider time
)
{
    private Readiness _current = initial;
    private ReadinessReport _sent = initial.ToReport();

    /// <summary>Runs until cancelled.</summary>
    public async Task Run(CancellationToken ct)
    {
        using var timer = new PeriodicTimer(interval, time);
        var tick = timer.WaitForNextTickAsync(ct).AsTask();
        var next = cluster.Next(_current, ct);
        while (true)
        {
            await Task.WhenAny(tick, next);
            if (next.IsCompleted)
            {
                _current = await next;
                next = cluster.Next(_current, ct);
            }

            var due = tick.IsCompleted;
            if (due)
            {
                await tick;
                tick = timer.WaitForNextTickAsync(ct).AsTask();
            }

            await SendIf(due, ct);
        }
    }

    private async Task SendIf(bool due, CancellationToken ct)
    {
        var report = _current.ToReport();
        var changed = !report.Equals(_sent);
        if (!due && !changed)
            return;
        _sent = report;
        var heartbeat = new Heartbeat
        {
            SentTime = time.GetUtcNow().ToTimestamp(),
            Readiness = changed ? report : null,
        };
        await reports.Send(new ConnectRequest { Heartbeat = heartbeat }, ct);
    }
}
