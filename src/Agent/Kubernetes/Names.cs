using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Protocol;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>Names, labels and annotations of the agent's objects. Changing one orphans existing objects.</summary>
internal static class Names
{
    public const string ManagedBy = "app.kubernetes.io/managed-by";
    public const string ManagedByValue = "coder-mesh";
    public const string Resource = "com.coder.resource";
    public const string ResourceValue = "true";
    public const string WorkspaceId = "mesh.coder.com/workspace-id";
    public const string ProviderId = WorkspaceKinds.ProviderLabel;
    public const string DeploymentId = "mesh.coder.com/deployment-id";

    /// <summary>Annotation: the workspace's generation that the object was last applied from.</summary>
    public const string Generation = "mesh.coder.com/generation";

    /// <summary>Annotation: the workspace's name, for people.</summary>
    public const string WorkspaceName = "mesh.coder.com/workspace-name";

    /// <summary>Annotation of a Deployment: the hash of the other objects that it was applied with.</summary>
    public const string AuxiliaryObjects = "mesh.coder.com/companions";

    /// <summary>Name of the container of a workspace.</summary>
    public const string Container = "workspace";

    /// <summary>The scheduler of all pods: the cluster's default.</summary>
    public const string Scheduler = "default-scheduler";

    /// <summary>Environment variable with the workspace's name.</summary>
    public const string NameVariable = "CODER_WP_NAME";

    /// <summary>Environment variable with the user's home directory.</summary>
    public const string HomeVariable = "HOME";

    /// <summary>Annotation of a pod template: a new value makes the Deployment replace its pod.</summary>
    public const string Restart = "mesh.coder.com/restart-generation";

    private const string Prefix = "ws-";

    /// <summary>Whether the text can be the id of a workspace; anybody can write labels and names.</summary>
    public static bool IsId(string id) => id.Length == 32 && id.All(char.IsAsciiHexDigitLower);

    /// <summary>Every object of a workspace has this name.</summary>
    public static string Object(string workspaceId) => Prefix + workspaceId;

    /// <summary>Returns the workspace of an object with this name; null if it is not one of ours.</summary>
    /// <param name="generated">Whether the name has the two suffixes of a Deployment's pod.</param>
    public static string? WorkspaceOf(string? name, bool generated)
    {
        if (name?.StartsWith(Prefix, StringComparison.Ordinal) != true)
            return null;
        var end = name.Length;
        for (var parts = generated ? 2 : 0; parts > 0 && end > 0; parts--)
            end = name.LastIndexOf('-', end - 1);
        return end > Prefix.Length ? name[Prefix.Length..end] : null;
    }

    public const string FieldManagerPrefix = "coder-mesh/";

    public static string FieldManager(DriverIdentity identity) => FieldManagerPrefix + identity.ProviderId;

    /// <summary>Field manager for stopping a workspace whose Deployment cannot be applied.</summary>
    public static string StopManager(DriverIdentity identity) => $"{FieldManager(identity)}/stop";

    /// <summary>
    /// Selects the objects of one provider, so that two providers in one cluster do not see each other's.
    /// </summary>
    public static string Selector(DriverIdentity identity) =>
        $"{ManagedBy}={ManagedByValue},{ProviderId}={identity.ProviderId}";

    /// <summary>Whether a pod has the labels that the Deployment of a workspace selects its pods by.</summary>
    public static bool IsPodOf(DriverIdentity identity, string workspaceId, ObjectLabels? labels) =>
        labels?.WorkspaceId == workspaceId && labels.ProviderId == identity.ProviderId;

    public static Dictionary<string, string> Labels(DriverIdentity identity, string workspaceId) =>
        new()
        {
            [ManagedBy] = ManagedByValue,
            [Resource] = ResourceValue,
            [WorkspaceId] = workspaceId,
            [ProviderId] = identity.ProviderId,
            [DeploymentId] = identity.DeploymentId,
        };
}
