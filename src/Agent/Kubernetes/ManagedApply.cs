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

    /// <summary>Somebody has asked that whatever others hold is taken over.</summary>
    public bool TakesOwnership { get; set; }

    /// <summary>
    /// What was changed by hand is set back. A field that another manager applies, or keeps changing, is a conflict, but where it is
    /// to be taken over.
    /// </summary>
    /// <exception cref="ApiException">The API server refused.</exception>
    public async Task Apply<T>(ApiResource resource, T manifest, JsonTypeInfo<T> type, CancellationToken ct)
        where T : IManifest
    {
        try
        {
            await Apply(force: TakesOwnership);
        }
        catch (ApiException e) when (e.ConflictsOnlyWith(_stopManager))
        {
            await Apply(force: true);
        }
        catch (ApiException e) when (e.ConflictsOnlyWithChanges(_stopManager) && reclaims.Allows(workspaceId))
        {
            await Apply(force: true);
            reclaims.Done(workspaceId);
        }

        Task Apply(bool force) => api.Apply(resource, manifest.Metadata.Name, manifest, type, _manager, force, ct);
    }
}
