using Coder.Mesh.Agent.Clusters;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>Somebody else has changed or deleted an object of a workspace.</summary>
/// <param name="Id">The same difference has the same one, seen by a restarted agent too.</param>
internal readonly record struct Difference(ObjectKind Kind, string Id, string Message);

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

    public static string NameOf(ObjectKind kind) => Kinds.First(k => k.Kind == kind).Name;

    public static IEnumerable<Difference> Of(TrackedWorkspace tracked, DriverIdentity identity, bool graceOver) =>
        Kinds.SelectMany(k =>
            (
                tracked.Find(k.Kind) is { } item ? Changes(tracked, k.Kind, k.Name, item, identity)
                : tracked.Last(k.Kind) is { } uid ? [($"deleted/{uid}", $"The {k.Name} was deleted.")]
                : graceOver ? [($"missing/{k.Name}", $"There is no {k.Name}.")]
                : Array.Empty<(string, string)>()
            ).Select(d => new Difference(k.Kind, d.Item1, d.Item2))
        );

    private static IEnumerable<(string Id, string Message)> Changes(
        TrackedWorkspace tracked,
        ObjectKind kind,
        string name,
        IClusterObject item,
        DriverIdentity identity
    )
    {
        var (metadata, subject) = (item.Metadata, ObservedStates.Subject(item.Metadata));
        if (!Labelled(metadata.Labels, identity, tracked.Id))
            yield return ($"labels/{subject}", $"Labels of the {name} were changed.");
        if (kind == ObjectKind.Deployment && ObservedStates.Generation(metadata) == 0)
            yield return ($"generation/{subject}", $"The annotation {Names.Generation} of the {name} was changed.");
        var owners = metadata.ManagedFields ?? FieldOwners.None;
        var ours = owners.Of(Names.FieldManager(identity));
        if (ours.Hash is null && owners.Others.Length == 0)
            yield return (
                $"fields/{subject}/",
                $"The list of field managers (managedFields) of the {name} was removed."
            );
        else if (ours.Hash is null || ours.Hash != tracked.FirstFields(kind, metadata, ours))
            yield return ($"fields/{subject}/{ours.Hash}", Changed(name, owners.Others));
        else if (Values(item) is { Length: > 0 } values)
            yield return (
                $"values/{subject}/{values.Replace(' ', '_')}",
                $"{Changed(name, owners.Others)} It has {values}."
            );
        // Of a claim others set fields in the ordinary course of things: the node, the volume.
        else if (owners.Others.Length > 0 && kind != ObjectKind.Claim)
            yield return ($"others/{subject}/{owners.OthersHash}", Changed(name, owners.Others));
    }

    private static string Changed(string name, string by) =>
        $"The {name} was changed{(by.Length > 0 ? $" by {by}" : "")}.";

    /// <summary>
    /// Values that no workspace's object has, whoever is said to have set them: API servers before 1.21 keep no record of who
    /// changes a scale.
    /// </summary>
    private static string Values(IClusterObject item) =>
        item is DeploymentObject { Spec: { } spec }
            ? string.Join(
                ", ",
                new[]
                {
                    spec.Replicas > 1 ? $"spec.replicas={spec.Replicas}" : "",
                    spec.Paused ? "spec.paused=true" : "",
                    spec.Template?.Spec?.SchedulerName is { } scheduler and not Names.Scheduler
                        ? $"spec.template.spec.schedulerName={scheduler}"
                        : "",
                }.Where(v => v.Length > 0)
            )
            : "";

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
