using Coder.Mesh.Agent.Clusters;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>An object of a workspace was changed or deleted by somebody else.</summary>
/// <param name="Id">Equal for the same difference, also after a restart of the agent.</param>
internal readonly record struct Difference(ObjectKind Kind, string Id, string Message);

/// <summary>
/// Finds differences between the objects of a workspace and what was last applied, as far as they can be seen without
/// the desired state. Pure functions. The next apply decides whether a difference matters, and changes nothing if it
/// does not.
/// </summary>
internal static class ObjectDrift
{
    /// <summary>
    /// Grace period for objects that were never seen: each kind has its own watch, so they may still arrive.
    /// </summary>
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
        // Others set fields of a claim as part of normal operation: the node, the volume.
        else if (owners.Others.Length > 0 && kind != ObjectKind.Claim)
            yield return ($"others/{subject}/{owners.OthersHash}", Changed(name, owners.Others));
    }

    private static string Changed(string name, string by) =>
        $"The {name} was changed{(by.Length > 0 ? $" by {by}" : "")}.";

    /// <summary>
    /// Compares values that no object of ours has, whoever owns them: API servers before 1.21 do not record who changes
    /// a scale.
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
