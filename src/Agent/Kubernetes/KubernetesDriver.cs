using System.Collections.Concurrent;
using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.V1;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>Driver of workspaces as objects in one namespace of a Kubernetes cluster.</summary>
internal sealed class KubernetesDriver(
    KubernetesApi api,
    ReadinessProbe probe,
    ClusterWatch watch,
    TimeProvider time,
    ILogger<KubernetesDriver> logger
) : IClusterDriver
{
    // About 2 s with the delays between them: an object that changes faster does not settle.
    private const int MaxDecisions = 8;

    private static readonly TimeSpan MaxDelay = TimeSpan.FromMilliseconds(500);

    // From the request until nothing is left, a workspace is Deleting, even while its remaining objects do not show it.
    private readonly ConcurrentDictionary<string, byte> _removing = new();

    private readonly ReclaimLimiter _reclaims = new(time);

    public Task<ClusterProbe> Probe(CancellationToken ct) => probe.Check(ct);

    public Task Watch(DriverIdentity identity, IClusterSink sink, CancellationToken ct) =>
        watch.Run(identity, sink, _removing.ContainsKey, id => _removing.TryRemove(id, out _), ct);

    public Task<ClusterRefusal?> Apply(DriverIdentity identity, WorkspaceDesired desired, CancellationToken ct)
    {
        _removing.TryRemove(desired.WorkspaceId, out _);
        return Decide(
            desired.WorkspaceId,
            () => new WorkspaceApply(api, identity, desired, _reclaims, logger).Run(ct),
            ct
        );
    }

    public Task<bool> Remove(DriverIdentity identity, string workspaceId, CancellationToken ct)
    {
        _reclaims.Forget(workspaceId);
        _removing[workspaceId] = 0;
        return Decide(workspaceId, () => RemoveOnce(identity, workspaceId, ct), ct);
    }

    private async Task<bool> RemoveOnce(DriverIdentity identity, string workspaceId, CancellationToken ct)
    {
        var left = await new WorkspaceRemoval(api, identity, workspaceId, logger).Run(ct);
        if (!left)
            _removing.TryRemove(workspaceId, out _);
        return left;
    }

    /// <summary>Reads, decides and writes; starts again if an object has changed meanwhile.</summary>
    private async Task<T> Decide<T>(string workspaceId, Func<Task<T>> once, CancellationToken ct)
    {
        for (var decisions = 1; ; decisions++)
        {
            try
            {
                return await once();
            }
            catch (ApiException e) when (e.Stale && decisions < MaxDecisions)
            {
                logger.DecidingAgain(Names.Object(workspaceId));
            }
            catch (ApiException e)
            {
                throw e.ToClusterException();
            }
            catch (FormatException e)
            {
                throw new ClusterException(ClusterCodes.InvalidObject, e.Message, transient: false, e);
            }

            await Task.Delay(MaxDelay * Random.Shared.NextDouble(), time, ct);
        }
    }
}
