using Coder.Mesh.Agent.Clusters;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>Determines who owns an object. The agent changes only objects that it has created.</summary>
internal static class Ownership
{
    // Labels can be removed; the API server records who applied an object.
    public static bool IsOwner(DriverIdentity identity, ObjectMeta metadata) =>
        (metadata.Labels is { ManagedBy: Names.ManagedByValue } labels && labels.ProviderId == identity.ProviderId)
        || Applied(identity, metadata);

    /// <summary>Whether this provider's agent has applied the object, whatever its labels are.</summary>
    public static bool Applied(DriverIdentity identity, ObjectMeta metadata) =>
        metadata.ManagedFields?.HashOf(Names.FieldManager(identity)) is not null;

    /// <exception cref="ClusterException">The object exists and belongs to somebody else.</exception>
    public static void Require(DriverIdentity identity, ApiResource resource, ObjectMeta? metadata)
    {
        if (metadata is null || IsOwner(identity, metadata))
            return;
        throw new ClusterException(
            ClusterCodes.ForeignObject,
            $"The {resource.Singular} {metadata.Name} exists and isn't this provider's: it lacks the labels "
                + $"{Names.ManagedBy}={Names.ManagedByValue} and {Names.ProviderId}={identity.ProviderId}. "
                + "Delete or rename it.",
            transient: false
        );
    }
}
