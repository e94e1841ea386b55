using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Protocol;

namespace Coder.Mesh.Agent.Reconcile;

/// <summary>Runs a driver's watch for one identity at a time, and restarts it if it ends by itself.</summary>
internal sealed class ClusterWatchLoop(IClusterDriver driver, TimeProvider time, ILogger logger) : IDisposable
{
    private static readonly Backoff Restart = new(TimeSpan.FromSeconds(1), 2, TimeSpan.FromSeconds(30));

    private CancellationTokenSource? _stop;
    private Task _running = Task.CompletedTask;

    /// <summary>Provider and deployment whose objects are watched; null if none are.</summary>
    public DriverIdentity? Identity { get; private set; }

    public void Start(DriverIdentity identity, IClusterSink sink)
    {
        Identity = identity;
        _stop = new CancellationTokenSource();
        _running = Run(identity, sink, _stop.Token);
    }

    public async Task Stop()
    {
        if (_stop is null)
            return;
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
        _stop = null;
        Identity = null;
    }

    public void Dispose() => _stop?.Dispose();

    private async Task Run(DriverIdentity identity, IClusterSink sink, CancellationToken ct)
    {
        for (var ends = 1; !ct.IsCancellationRequested; ends++)
        {
            try
            {
                await driver.Watch(identity, sink, ct);
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (!ct.IsCancellationRequested)
            {
                // A driver handles failures of the cluster; this is a fault, and the agent sees nothing until it
                // watches again.
                logger.WatchFault(e);
            }

            try
            {
                await Task.Delay(Restart.Delay(ends, 0.5 + Random.Shared.NextDouble() / 2), time, ct);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }
}
