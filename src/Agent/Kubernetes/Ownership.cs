using Coder.Mesh.Agent.Clusters;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>Whose an object is. The agent touches only what it has created.</summary>
internal static class Ownership
{
    // Labels can be taken away; who has applied an object is kept by the API server.
    public static bool IsOwner(DriverIdentity identity, ObjectMeta metadata) =>
        (metadata.Labels is { ManagedBy: Names.ManagedByValue } labels && labels.ProviderId == identity.ProviderId)
        || Applied(identity, metadata);

    /// <summary>Whether this provider's agent has applied it, whatever its labels say by now.</summary>
    public static bool Applied(DriverIdentity identity, ObjectMeta metadata) =>
        metadata.ManagedFields?.HashOf(Names.FieldManager(identity)) is not null;

    /// <exception cref="ClusterException">There is such an object, and it is somebody else's.</exception>
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
