namespace Coder.Mesh.Protocol;

/// <summary>A kind of Kubernetes object.</summary>
/// <param name="Group">Its API group; empty for the core group.</param>
/// <param name="Resource">Plural and lower case, as in the API's paths.</param>
/// <param name="Singular">For messages.</param>
/// <param name="Purpose">What a workspace has it for.</param>
public sealed record WorkspaceKind(string Group, string Resource, string Singular, string Purpose)
{
    /// <summary>As kubectl takes it, whatever other groups have a resource of that name.</summary>
    public string QualifiedName => Group.Length == 0 ? Resource : $"{Resource}.{Group}";
}

/// <summary>
/// The kinds of object that a workspace consists of in its cluster: the one list for what the agent may do, for what it
/// deletes, and for what the control plane tells people to delete.
/// </summary>
public static class WorkspaceKinds
{
    /// <summary>The label of every object: the id of the provider that it was made for.</summary>
    public const string ProviderLabel = "mesh.coder.com/provider-id";

    public static readonly WorkspaceKind Deployment = new(
        "apps",
        "deployments",
        "deployment",
        "runs a workspace, one Deployment each"
    );

    public static readonly WorkspaceKind ServiceAccount = new(
        "",
        "serviceaccounts",
        "serviceaccount",
        "is what a workspace's pod runs as"
    );

    public static readonly WorkspaceKind NetworkPolicy = new(
        "networking.k8s.io",
        "networkpolicies",
        "networkpolicy",
        "lets nobody into a workspace from the network"
    );

    public static readonly WorkspaceKind Service = new(
        "",
        "services",
        "service",
        "gives a workspace a name in the cluster's DNS"
    );

    public static readonly WorkspaceKind Volume = new(
        "",
        "persistentvolumeclaims",
        "persistentvolumeclaim",
        "holds a workspace's home, one volume each"
    );

    /// <summary>
    /// All of them, in the order of deletion: the Deployment first, because nothing may use the disk when it goes; the
    /// disk last, because the agent watches it, and when it is gone the rest is too.
    /// </summary>
    public static readonly IReadOnlyList<WorkspaceKind> All =
    [
        Deployment,
        ServiceAccount,
        NetworkPolicy,
        Service,
        Volume,
    ];

    /// <summary>For <c>kubectl get</c> and <c>kubectl delete</c>.</summary>
    public static string ForKubectl => string.Join(',', All.Select(kind => kind.QualifiedName));

    /// <summary>
    /// The command by which a person removes all workspaces of a provider, disks included, from its cluster.
    /// </summary>
    /// <param name="ns">The namespace, which is an RFC 1123 label.</param>
    public static string CleanupCommand(string ns, string providerId) =>
        $"kubectl --namespace {ns} delete {ForKubectl} --selector {ProviderLabel}={providerId}";
}
