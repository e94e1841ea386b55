using Coder.Mesh.Agent.Base;
using Coder.Mesh.Agent.Reconcile;

namespace Coder.Mesh.Agent.Connection;

/// <summary>
/// Requests the session's snapshots: the first one once the cluster is listed, then one at each resync and one whenever
/// the reconciler asks for it, at most one per second.
/// </summary>
internal sealed class SnapshotSchedule(ReportQueue reports, Reconciler reconciler, Jitter jitter, TimeProvider time)
{
    private static readonly TimeSpan ResyncInterval = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan MinInterval = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Runs until cancelled. A resync comes every 10 minutes, ± 20 %, and retries unfinished work too.
    /// </summary>
    public async Task Run(CancellationToken ct)
    {
        await reconciler.WaitUntilListed(ct);
        while (true)
        {
            reports.QueueSnapshot();
            using var resync = new CancellationTokenSource(ResyncInterval * (0.8 + 0.4 * jitter.Next()), time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(resync.Token, ct);
            try
            {
                await reports.WaitForResyncRequest(either.Token);
                await Task.Delay(MinInterval, time, either.Token);
            }
            catch (OperationCanceledException) when (resync.IsCancellationRequested && !ct.IsCancellationRequested)
            {
                reconciler.Retry();
            }
        }
    }
}
