using System.Text.Json.Serialization.Metadata;
using Coder.Mesh.Agent.Reconcile;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.V1;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>
/// One attempt to make the objects of a workspace what is desired. A refused object keeps no other from being applied. A
/// stop begins with the Deployment, so that nothing stands in its way; a start ends with it, so that its pod finds the rest.
/// </summary>
internal sealed class WorkspaceApply(
    KubernetesApi api,
    DriverIdentity identity,
    WorkspaceDesired desired,
    ILogger logger
)
{
    private readonly Attempts _tried = new();
    private readonly string _manager = Names.FieldManager(identity);

    private bool Runs => desired.Power == WorkspacePower.Running;

    /// <returns>What was refused, though the Deployment is as desired; null if nothing was.</returns>
    /// <exception cref="ApiException">The API server refused the Deployment, or something is to be tried again.</exception>
    /// <exception cref="ClusterException">The workspace can't be made what is desired.</exception>
    public async Task<ClusterRefusal?> Run(CancellationToken ct)
    {
        var name = Names.Object(desired.WorkspaceId);
        ClaimObject? claim = null;
        var reading = _tried.Try(async () => claim = await api.Get(ApiResource.Claims, name, ct));
        var deployment = await api.Get(ApiResource.Deployments, name, ct);
        var read = await reading;
        Ownership.Demand(identity, ApiResource.Deployments, deployment?.Metadata);
        if (IsNewer(deployment, claim))
            return null;
        DemandStays(deployment?.Metadata);

        if (Runs || deployment is null)
        {
            Ownership.Demand(identity, ApiResource.Claims, claim?.Metadata);
            DemandStays(claim?.Metadata);
            if (read)
                await ApplyVolume(claim, ct);
            await ApplyDeployment(deployment, await ApplyCompanions(deployment, ct), ct);
        }
        else
        {
            await Stop(deployment, ct);
            if (read)
                await ApplyVolumeOfStopped(claim, ct);
        }

        return _tried.Outcome();
    }

    private bool IsNewer(DeploymentObject? deployment, ClaimObject? claim)
    {
        var held = Math.Max(
            ObservedStates.Generation(deployment?.Metadata),
            ObservedStates.Generation(claim?.Metadata)
        );
        if (held <= desired.Generation)
            return false;
        logger.OlderGeneration(desired.WorkspaceId, held, desired.Generation);
        return true;
    }

    private void DemandStays(ObjectMeta? metadata)
    {
        if (metadata?.Deleting == true)
            throw new ClusterException(
                ClusterCodes.ObjectDeleting,
                $"An object of workspace {desired.WorkspaceId} is still being deleted.",
                transient: true
            );
    }

    private Task ApplyVolumeOfStopped(ClaimObject? claim, CancellationToken ct)
    {
        // One that is somebody else's, or that goes now that no pod uses it, is a matter of the next start.
        var usable = claim is null || (Ownership.Holds(identity, claim.Metadata) && !claim.Metadata.Deleting);
        return usable ? ApplyVolume(claim, ct) : Task.CompletedTask;
    }

    private async Task ApplyVolume(ClaimObject? claim, CancellationToken ct)
    {
        try
        {
            var plan = ClaimPlan.For(identity, desired, claim);
            if (plan.Refusal is { } refusal)
                _tried.Refused(refusal);
            if (plan.Manifest is not { } manifest)
                return;
            Precondition.On(manifest.Metadata, claim?.Metadata);
            var type = ManifestJsonContext.Default.V1PersistentVolumeClaim;
            await _tried.Try(
                () => api.Apply(ApiResource.Claims, manifest.Metadata.Name, manifest, type, _manager, force: false, ct),
                plan.Refused
            );
        }
        catch (FormatException e)
        {
            _tried.Refused(new ClusterRefusal(ClusterCodes.InvalidObject, e.Message, Essential: claim is null));
        }
    }

    /// <returns>The hash of those that are there now; null if they aren't all as they should be.</returns>
    private async Task<string?> ApplyCompanions(DeploymentObject? deployment, CancellationToken ct)
    {
        var companions = Companions.Of(identity, desired);
        return !companions.Due(deployment) || await companions.Apply(api, identity, _tried, ct)
            ? companions.Hash
            : null;
    }

    private async Task Stop(DeploymentObject deployment, CancellationToken ct)
    {
        try
        {
            await ApplyDeployment(deployment, deployment.Metadata.Annotations?.Companions, ct);
        }
        catch (ApiException e) when (!e.Stale && e.ToClusterException() is { Transient: false } refused)
        {
            // Whatever it is that is refused can wait: the pod goes all the same.
            var bare = Manifests.Stop(identity, desired);
            Precondition.On(bare.Metadata, deployment.Metadata);
            await Apply(bare, ManifestJsonContext.Default.V1DeploymentStop, Names.StopManager(identity), true, ct);
            _tried.Refused(new ClusterRefusal(refused.Code, $"Stopped, but not changed otherwise: {refused.Message}"));
        }
    }

    private async Task ApplyDeployment(DeploymentObject? there, string? companions, CancellationToken ct)
    {
        var manifest = Manifests.Deployment(identity, desired, companions, there);
        Precondition.On(manifest.Metadata, there?.Metadata);
        var type = ManifestJsonContext.Default.V1Deployment;
        try
        {
            await Apply(manifest, type, _manager, force: false, ct);
        }
        catch (ApiException e) when (e.ConflictsOnlyWith(Names.StopManager(identity)))
        {
            await Apply(manifest, type, _manager, force: true, ct);
        }
    }

    private Task Apply<T>(T manifest, JsonTypeInfo<T> type, string manager, bool force, CancellationToken ct)
        where T : IManifest =>
        api.Apply(ApiResource.Deployments, manifest.Metadata.Name, manifest, type, manager, force, ct);
}
