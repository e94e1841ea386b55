using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Protocol;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>
/// One attempt to delete all objects of a workspace. A refused object does not prevent others from being deleted.
/// </summary>
internal sealed class WorkspaceRemoval(KubernetesApi api, DriverIdentity identity, string workspaceId, ILogger logger)
{
    private readonly Attempts _attempts = new();
    private readonly string _name = Names.Object(workspaceId);

    /// <returns>False if nothing is left.</returns>
    /// <exception cref="ApiException">The attempt has to be repeated.</exception>
    /// <exception cref="ClusterException">The deletion of an object was refused.</exception>
    public async Task<bool> Run(CancellationToken ct)
    {
        var (watched, unwatched) = (false, false);
        foreach (var kind in WorkspaceKinds.All)
            if (await Delete(ApiResource.Of(kind), ct))
                (watched, unwatched) = IsWatched(kind) ? (true, unwatched) : (watched, true);
        if (_attempts.Outcome() is { } refusal)
            throw new ClusterException(refusal.Code, refusal.Message, transient: false);
        if (watched)
            return true;

        var selector = $"{Names.Selector(identity)},{Names.WorkspaceId}={workspaceId}";
        var pods = await api.List(ApiResource.Pods, selector, 1, next: null, ct);
        if (pods.Items is { Count: > 0 })
            return true;
        if (unwatched)
            await RequireGone(ct);
        return false;
    }

    // Kinds that are not watched have to be queried.
    private async Task RequireGone(CancellationToken ct)
    {
        foreach (var kind in WorkspaceKinds.All.Where(k => !IsWatched(k)))
            if (
                await api.Get(ApiResource.Of(kind), _name, ct) is { } left
                && Ownership.IsOwner(identity, left.Metadata)
            )
                throw new ClusterException(
                    ClusterCodes.ObjectDeleting,
                    TerminationMessages.Finalizers(kind.Singular, left.Metadata) is { Length: > 0 } words
                        ? words
                        : $"The {kind.Singular} {_name} is still being deleted.",
                    transient: true
                );
    }

    private static bool IsWatched(WorkspaceKind kind) =>
        kind == WorkspaceKinds.Deployment || kind == WorkspaceKinds.Volume;

    /// <returns>Whether it existed.</returns>
    private async Task<bool> Delete(ApiResource<PlainObject> resource, CancellationToken ct)
    {
        var there = false;
        await _attempts.Try(async () =>
        {
            if (await api.Get(resource, _name, ct) is not { } read)
                return;
            if (!Ownership.IsOwner(identity, read.Metadata))
            {
                logger.ForeignLeftAlone(resource.Singular, read.Metadata.Name);
                return;
            }

            there = true;
            if (!read.Metadata.Deleting)
                await api.Delete(resource, read.Metadata, ct);
        });
        return there;
    }
}
