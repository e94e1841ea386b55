using Coder.Mesh.Agent.Clusters;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>Somebody else has changed or deleted an object of a workspace.</summary>
/// <param name="Id">The same difference has the same one, seen by a restarted agent too.</param>
internal readonly record struct Difference(string Id, string Message);

/// <summary>
/// What differs between the objects of a workspace and what was applied last, as far as that is seen without knowing what is
/// desired. Pure. Whether a difference matters, an apply decides: it changes nothing where nothing has to be changed.
/// </summary>
internal static class ObjectDrift
{
    /// <summary>For objects that were never seen: they may be on their way, for each kind has a watch of its own.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    private static readonly IReadOnlyList<(ObjectKind Kind, string Name)> Kinds =
    [
        (ObjectKind.Deployment, "Deployment"),
        (ObjectKind.Claim, "PersistentVolumeClaim"),
        (ObjectKind.ServiceAccount, "ServiceAccount"),
        (ObjectKind.NetworkPolicy, "NetworkPolicy"),
        (ObjectKind.Service, "Service"),
    ];

    public static IEnumerable<Difference> Of(TrackedWorkspace tracked, DriverIdentity identity, bool graceOver) =>
        Kinds.SelectMany(k =>
            tracked.Find(k.Kind) is { } item ? Changes(tracked, k.Kind, k.Name, item.Metadata, identity)
            : tracked.Last(k.Kind) is { } uid ? [new($"deleted/{uid}", $"The {k.Name} was deleted. It is made again.")]
            : graceOver ? [new($"missing/{k.Name}", $"There is no {k.Name}. It is made again.")]
            : Array.Empty<Difference>()
        );

    private static IEnumerable<Difference> Changes(
        TrackedWorkspace tracked,
        ObjectKind kind,
        string name,
        ObjectMeta metadata,
        DriverIdentity identity
    )
    {
        var (subject, manager) = (ObservedStates.Subject(metadata), Names.FieldManager(identity));
        if (!Labelled(metadata.Labels, identity, tracked.Id))
            yield return new($"labels/{subject}", $"Labels of the {name} were changed. They are set back.");
        if (kind == ObjectKind.Deployment && ObservedStates.Generation(metadata) == 0)
            yield return new(
                $"generation/{subject}",
                $"The annotation {Names.Generation} of the {name} was changed. It is set back."
            );
        if (metadata.ManagedFields is not { } owners)
            yield break;
        var ours = owners.HashOf(manager);
        if (ours is null || ours != tracked.FirstFields(kind, metadata, ours))
            yield return new($"fields/{subject}/{ours}", Changed(name, owners.Others));
        // Of a claim others set fields in the ordinary course of things: the node, the volume.
        else if (owners.Others.Length > 0 && kind != ObjectKind.Claim)
            yield return new($"others/{subject}/{owners.OthersHash}", Changed(name, owners.Others));
    }

    private static string Changed(string name, string by) =>
        $"The {name} was changed{(by.Length > 0 ? $" by {by}" : "")}. What differs from what is desired is set back.";

    private static bool Labelled(ObjectLabels? labels, DriverIdentity identity, string id) =>
        labels
            is {
                ManagedBy: Names.ManagedByValue,
                Resource: Names.ResourceValue,
                ProviderId: var provider,
                DeploymentId: var deployment,
                WorkspaceId: var workspace
            }
        && provider == identity.ProviderId
        && deployment == identity.DeploymentId
        && workspace == id;
}
