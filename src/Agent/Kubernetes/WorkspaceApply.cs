using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.V1;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>
/// One attempt to apply the desired state of a workspace. A refused object does not prevent others from being applied.
/// A stop begins with the Deployment, so that nothing can prevent it; a start ends with it, so that its pod finds the
/// other objects.
/// </summary>
internal sealed class WorkspaceApply(
    KubernetesApi api,
    DriverIdentity identity,
    WorkspaceDesired desired,
    ReclaimLimiter reclaims,
    ILogger logger
)
{
    private readonly Attempts _attempts = new();
    private readonly string _name = Names.Object(desired.WorkspaceId);
    private readonly ManagedApply _objects = new(api, identity, desired.WorkspaceId, reclaims);

    private bool Runs => desired.Power == WorkspacePower.Running;

    /// <returns>
    /// What was refused although the Deployment is as desired or, for a stop, requests no pod; null if nothing was.
    /// </returns>
    /// <exception cref="ApiException">
    /// The API server refused the Deployment, or the attempt has to be repeated.
    /// </exception>
    /// <exception cref="ClusterException">The desired state cannot be applied.</exception>
    public async Task<ClusterRefusal?> Run(CancellationToken ct)
    {
        var reading = ReadClaim(ct);
        var deployment = await api.Get(ApiResource.Deployments, _name, ct);
        // Once per request, so that two managers that take over fields do not alternate endlessly.
        _objects.TakesOwnership = desired.TakeOwnershipGeneration > ObservedStates.Generation(deployment?.Metadata);
        if (Runs)
            await Start(deployment, await reading, ct);
        else if (deployment is not null && Ownership.IsOwner(identity, deployment.Metadata) && !IsStopped(deployment))
            await Stop(deployment, reading, ct);
        else
            await MakeStopped(deployment, await reading, ct);
        return _attempts.Outcome();
    }

    private async Task<ClaimRead> ReadClaim(CancellationToken ct)
    {
        ClaimObject? claim = null;
        var known = await _attempts.Try(async () => claim = await api.Get(ApiResource.Claims, _name, ct));
        return new ClaimRead(known, claim);
    }

    private async Task Start(DeploymentObject? deployment, ClaimRead read, CancellationToken ct)
    {
        Ownership.Require(identity, ApiResource.Deployments, deployment?.Metadata);
        if (IsNewer(deployment?.Metadata) || IsNewer(read.Claim?.Metadata))
            return;
        RequireNotDeleting("Deployment", deployment?.Metadata);
        Ownership.Require(identity, ApiResource.Claims, read.Claim?.Metadata);
        await Make(
            deployment,
            read with
            {
                Known = read.Known && !await IsPendingDeletion(deployment, read.Claim, ct),
            },
            ct
        );
    }

    private async Task Make(DeploymentObject? deployment, ClaimRead read, CancellationToken ct)
    {
        if (read.Known)
            await ApplyVolume(read.Claim, ct);
        await ApplyDeployment(deployment, await ApplyAuxiliaryObjects(deployment, ct), ct);
    }

    /// <summary>
    /// Handles a disk that somebody deletes, which disappears when no pod uses it. A running pod keeps it. If the pod
    /// is to be replaced, it has to end first, because a new pod would neither run with the old disk nor release it.
    /// </summary>
    /// <exception cref="ClusterException">The disk has to disappear first.</exception>
    private async Task<bool> IsPendingDeletion(DeploymentObject? deployment, ClaimObject? claim, CancellationToken ct)
    {
        if (claim?.Metadata.Deleting != true)
            return false;
        if (deployment?.Spec?.Replicas > 0)
        {
            if (!Replacement.IsDue(deployment, claim, desired))
                return true;
            // With its current generation, because this one is not applied.
            var generation = ObservedStates.Generation(deployment.Metadata);
            if (await Stop(deployment, generation, ct) is { } refused)
                throw refused;
        }

        RequireNotDeleting("PersistentVolumeClaim", claim.Metadata);
        return true;
    }

    // It requests no pod, so the rest need not wait.
    private bool IsStopped(DeploymentObject deployment) =>
        deployment.Spec?.Replicas == 0 && AuxiliaryObjects.MayHaveChanged(deployment, desired);

    /// <summary>Stops a workspace. Missing objects can wait for its next start.</summary>
    private async Task MakeStopped(DeploymentObject? deployment, ClaimRead read, CancellationToken ct)
    {
        if (IsNewer(deployment?.Metadata) || IsNewer(read.Claim?.Metadata))
            return;
        var refused = await Refusal(async () =>
        {
            Ownership.Require(identity, ApiResource.Deployments, deployment?.Metadata);
            Ownership.Require(identity, ApiResource.Claims, read.Claim?.Metadata);
            await Make(deployment, read with { Known = read.Known && read.Claim?.Metadata.Deleting != true }, ct);
        });
        if (refused is { Transient: true })
            throw refused;
        if (refused is not null)
            _attempts.Refused(new ClusterRefusal(refused.Code, $"Nothing of it runs, but: {refused.Message}"));
    }

    private bool IsNewer(ObjectMeta? metadata)
    {
        var held = ObservedStates.Generation(metadata);
        if (held <= desired.Generation)
            return false;
        logger.OlderGeneration(desired.WorkspaceId, held, desired.Generation);
        return true;
    }

    private void RequireNotDeleting(string kind, ObjectMeta? metadata)
    {
        if (metadata?.Deleting == true)
            throw new ClusterException(
                ClusterCodes.ObjectDeleting,
                TerminationMessages.Finalizers(kind, metadata) is { Length: > 0 } words
                    ? words
                    : $"The {kind} {metadata.Name} is still being deleted.",
                transient: true
            );
    }

    /// <summary>Ends the pod first, so that nothing else can prevent it.</summary>
    private async Task Stop(DeploymentObject deployment, Task<ClaimRead> reading, CancellationToken ct)
    {
        if (IsNewer(deployment.Metadata))
            return;
        await Stop(deployment, ct);
        var (known, claim) = await reading;
        // A claim of somebody else, or one that disappears now, matters at the next start.
        var usable = claim is null || (Ownership.IsOwner(identity, claim.Metadata) && !claim.Metadata.Deleting);
        if (known && usable && !IsNewer(claim?.Metadata))
            await ApplyVolume(claim, ct);
        if (_objects.TakesOwnership)
            await ApplyAuxiliaryObjects(deployment, ct);
    }

    private async Task ApplyVolume(ClaimObject? claim, CancellationToken ct)
    {
        try
        {
            var plan = VolumePlan.For(identity, desired, claim);
            if (plan.Refusal is { } refusal)
                _attempts.Refused(refusal);
            if (plan.Manifest is not { } manifest)
                return;
            Precondition.On(manifest.Metadata, claim?.Metadata);
            var type = ManifestJsonContext.Default.V1PersistentVolumeClaim;
            await _attempts.Try(() => _objects.Apply(ApiResource.Claims, manifest, type, ct), plan.Refused);
        }
        catch (FormatException e)
        {
            _attempts.Refused(new ClusterRefusal(ClusterCodes.InvalidObject, e.Message, Essential: claim is null));
        }
    }

    /// <returns>Hash of the objects in the cluster; null if they are not all as desired.</returns>
    private async Task<string?> ApplyAuxiliaryObjects(DeploymentObject? deployment, CancellationToken ct)
    {
        var auxiliary = AuxiliaryObjects.Of(identity, desired);
        var due = _objects.TakesOwnership || auxiliary.Due(deployment);
        return !due || await auxiliary.Apply(api, identity, _objects, _attempts, ct) ? auxiliary.Hash : null;
    }

    /// <summary>Stops the pod even if the Deployment itself is refused.</summary>
    private async Task Stop(DeploymentObject there, CancellationToken ct)
    {
        if (
            await Refusal(() => ApplyDeployment(there, there.Metadata.Annotations?.AuxiliaryObjects, ct))
            is not { } refused
        )
            return;
        if (await Stop(there, desired.Generation, ct) is { } bare)
            throw new ClusterException(refused.Code, $"{refused.Message} {bare.Message}", refused.Transient, refused);
        _attempts.Refused(new ClusterRefusal(refused.Code, $"Stopped, but not changed otherwise: {refused.Message}"));
    }

    /// <summary>
    /// Sets replicas to 0; if refused, by the scale subresource, which Deployment webhooks do not check.
    /// </summary>
    /// <returns>The refusal; null if it succeeded.</returns>
    private async Task<ClusterException?> Stop(DeploymentObject there, ulong generation, CancellationToken ct)
    {
        var bare = Manifests.Stop(identity, desired, generation);
        Precondition.On(bare.Metadata, there.Metadata);
        var (type, manager) = (ManifestJsonContext.Default.V1DeploymentStop, Names.StopManager(identity));
        return
            await Refusal(() => api.Apply(ApiResource.Deployments, _name, bare, type, manager, force: true, ct)) is null
            ? null
            : await Refusal(() => api.Scale(ApiResource.Deployments, there.Metadata, 0, manager, ct));
    }

    /// <returns>The refusal or failure; null if it succeeded.</returns>
    /// <exception cref="ApiException">An object has changed, or the agent as a whole is refused.</exception>
    private static async Task<ClusterException?> Refusal(Func<Task> call)
    {
        try
        {
            await call();
            return null;
        }
        catch (ApiException e) when (!e.Stale && !e.ForEverything)
        {
            return e.ToClusterException();
        }
        catch (ClusterException e)
        {
            return e;
        }
        catch (FormatException e)
        {
            return new ClusterException(ClusterCodes.InvalidObject, e.Message, transient: false, e);
        }
    }

    private async Task ApplyDeployment(DeploymentObject? there, string? auxiliary, CancellationToken ct)
    {
        var manifest = Manifests.Deployment(identity, desired, auxiliary, there);
        Precondition.On(manifest.Metadata, there?.Metadata);
        var applied = await _objects.Apply(manifest, ct);
        var (cleanup, pod) = (new TemplateCleanup(api, identity, desired, reclaims), manifest.Spec!.Template!.Spec!);
        await _attempts.Try(
            async () =>
            {
                if (await cleanup.Run(applied, pod, _objects.TakesOwnership, ct) is { } refusal)
                    _attempts.Refused(refusal);
            },
            e => new ClusterRefusal(e.Code, $"Fields that others have added to the pod template remain: {e.Message}")
        );
    }

    /// <param name="Known">False if it could not be read.</param>
    private sealed record ClaimRead(bool Known, ClaimObject? Claim);
}
