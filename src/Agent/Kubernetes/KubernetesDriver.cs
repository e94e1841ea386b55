using System.Collections.Concurrent;
using Coder.Mesh.Agent.Reconcile;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.Protocol;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>Workspaces as objects in one namespace of a Kubernetes cluster.</summary>
internal sealed class KubernetesDriver(
    KubernetesApi api,
    ReadinessProbe probe,
    ClusterWatch watch,
    TimeProvider time,
    ILogger<KubernetesDriver> logger
) : IClusterDriver
{
    // With the delays between them about 2 s: an object that changes faster than that isn't settling.
    private const int MostDecisions = 8;

    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(500);

    // From the wish until all is gone a workspace is Deleting, also in the moments when what is left doesn't show it.
    private readonly ConcurrentDictionary<string, byte> _removing = new();

    public Task<ClusterProbe> Probe(CancellationToken ct) => probe.Look(ct);

    public Task Watch(DriverIdentity identity, IClusterSink sink, CancellationToken ct) =>
        watch.Run(identity, sink, _removing.ContainsKey, id => _removing.TryRemove(id, out _), ct);

    public Task Apply(DriverIdentity identity, WorkspaceDesired desired, CancellationToken ct)
    {
        _removing.TryRemove(desired.WorkspaceId, out _);
        return Decide(
            desired.WorkspaceId,
            async () =>
            {
                await ApplyOnce(identity, desired, ct);
                return true;
            },
            ct
        );
    }

    public Task<bool> Remove(DriverIdentity identity, string workspaceId, CancellationToken ct)
    {
        _removing[workspaceId] = 0;
        return Decide(workspaceId, () => RemoveOnce(identity, workspaceId, ct), ct);
    }

    private async Task ApplyOnce(DriverIdentity identity, WorkspaceDesired desired, CancellationToken ct)
    {
        var (deployment, claim) = await Read(desired.WorkspaceId, ct);
        Ownership.Demand(identity, ApiResource.Deployments, deployment?.Metadata);
        Ownership.Demand(identity, ApiResource.Claims, claim?.Metadata);

        var held = Math.Max(
            ObservedStates.Generation(deployment?.Metadata),
            ObservedStates.Generation(claim?.Metadata)
        );
        if (held > desired.Generation)
        {
            logger.OlderGeneration(desired.WorkspaceId, held, desired.Generation);
            return;
        }

        if (deployment?.Metadata.Deleting == true || claim?.Metadata.Deleting == true)
            throw new ClusterException(
                ClusterCodes.ObjectDeleting,
                $"An object of workspace {desired.WorkspaceId} is still being deleted.",
                transient: true
            );

        var manager = Names.FieldManager(identity);
        if (ClaimPlan.For(identity, desired, claim) is { } volume)
        {
            Precondition.On(volume.Metadata, claim?.Metadata);
            var type = ManifestJsonContext.Default.V1PersistentVolumeClaim;
            await api.Apply(ApiResource.Claims, volume.Metadata.Name, volume, type, manager, ct);
        }

        var companions = Companions.Of(identity, desired);
        if (companions.Due(deployment))
            await companions.Apply(api, identity, ct);
        var manifest = Manifests.Deployment(identity, desired, companions.Hash, deployment);
        Precondition.On(manifest.Metadata, deployment?.Metadata);
        await api.Apply(
            ApiResource.Deployments,
            manifest.Metadata.Name,
            manifest,
            ManifestJsonContext.Default.V1Deployment,
            manager,
            ct
        );
    }

    private async Task<bool> RemoveOnce(DriverIdentity identity, string workspaceId, CancellationToken ct)
    {
        var any = false;
        foreach (var resource in WorkspaceKinds.All.Select(ApiResource.Of))
            any |= await Delete(resource, await api.Get(resource, Names.Object(workspaceId), ct));
        if (any)
            return true;

        var selector = $"{Names.Selector(identity)},{Names.WorkspaceId}={workspaceId}";
        var pods = await api.List(ApiResource.Pods, selector, 1, next: null, ct);
        if (pods.Items is { Count: > 0 })
            return true;
        _removing.TryRemove(workspaceId, out _);
        return false;

        async Task<bool> Delete(ApiResource resource, PlainObject? read)
        {
            if (read is null)
                return false;
            if (!Ownership.Holds(identity, read.Metadata))
            {
                logger.ForeignLeftAlone(resource.Singular, read.Metadata.Name);
                return false;
            }

            if (!read.Metadata.Deleting)
                await api.Delete(resource, read.Metadata, ct);
            return true;
        }
    }

    private async Task<(DeploymentObject? Deployment, ClaimObject? Claim)> Read(string id, CancellationToken ct)
    {
        var deployment = api.Get(ApiResource.Deployments, Names.Object(id), ct);
        var claim = api.Get(ApiResource.Claims, Names.Object(id), ct);
        await Task.WhenAll(deployment, claim);
        return (await deployment, await claim);
    }

    /// <summary>Reads, decides and writes; again from the start when what was read had changed meanwhile.</summary>
    private async Task<T> Decide<T>(string workspaceId, Func<Task<T>> once, CancellationToken ct)
    {
        for (var decisions = 1; ; decisions++)
        {
            try
            {
                return await once();
            }
            catch (ApiException e) when (e.Stale && decisions < MostDecisions)
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

            await Task.Delay(LongestPause * Random.Shared.NextDouble(), time, ct);
        }
    }
}
