using System.Text.Json.Serialization.Metadata;
using Coder.Mesh.Agent.Clusters;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>Applies the objects of one workspace as the agent's field manager.</summary>
internal sealed class ManagedApply(
    KubernetesApi api,
    DriverIdentity identity,
    string workspaceId,
    ReclaimLimiter reclaims
)
{
    private readonly string _manager = Names.FieldManager(identity);
    private readonly string _stopManager = Names.StopManager(identity);

    /// <summary>Whether the user has requested that fields of other managers are taken over.</summary>
    public bool TakesOwnership { get; set; }

    /// <summary>
    /// Applies an object and reverts manual changes. A field that another manager applies, or keeps changing, is a
    /// conflict unless ownership is to be taken over.
    /// </summary>
    /// <exception cref="ApiException">The API server refused the apply.</exception>
    public Task Apply<T>(ApiResource resource, T manifest, JsonTypeInfo<T> type, CancellationToken ct)
        where T : IManifest =>
        Reclaim(async force =>
        {
            await api.Apply(resource, manifest.Metadata.Name, manifest, type, _manager, force, ct);
            return true;
        });

    /// <inheritdoc cref="Apply{T}"/>
    /// <returns>The Deployment as it is now.</returns>
    public Task<DeploymentContent> Apply(V1Deployment manifest, CancellationToken ct)
    {
        var (resource, type) = (ApiResource.DeploymentContents, ManifestJsonContext.Default.V1Deployment);
        return Reclaim(force => api.Apply(resource, manifest.Metadata.Name, manifest, type, _manager, force, ct));
    }

    private async Task<T> Reclaim<T>(Func<bool, Task<T>> apply)
    {
        try
        {
            return await apply(TakesOwnership);
        }
        catch (ApiException e) when (e.ConflictsOnlyWith(_stopManager))
        {
            return await apply(true);
        }
        catch (ApiException e) when (e.ConflictsOnlyWithChanges(_stopManager) && reclaims.Allows(workspaceId))
        {
            var applied = await apply(true);
            reclaims.Done(workspaceId);
            return applied;
        }
    }
}
