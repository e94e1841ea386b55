namespace Coder.Mesh.Protocol;

/// <summary>A kind of Kubernetes object.</summary>
/// <param name="Group">The API group; empty for the core group.</param>
/// <param name="Resource">Plural and lower case, as in the API's paths.</param>
/// <param name="Singular">Name of one object, for messages.</param>
/// <param name="Purpose">What a workspace uses it for.</param>
public sealed record WorkspaceKind(string Group, string Resource, string Singular, string Purpose)
{
    /// <summary>
    /// Returns the name for kubectl, which is unambiguous even if another group has a resource of that name.
    /// </summary>
    public string QualifiedName => Group.Length == 0 ? Resource : $"{Resource}.{Group}";
}

/// <summary>
/// The kinds of objects that make up a workspace in its cluster. The agent's permissions, its deletions, and the
/// clean-up commands that the control plane prints are all derived from this list.
/// </summary>
public static class WorkspaceKinds
{
    /// <summary>Label of every object with the id of its provider.</summary>
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
        "denies network access to a workspace"
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
    /// All kinds, in the order of deletion: the Deployment first, so that nothing uses the disk; the disk last, so that
    /// the deletion is complete once the agent sees that it is gone.
    /// </summary>
    public static readonly IReadOnlyList<WorkspaceKind> All =
    [
        Deployment,
        ServiceAccount,
        NetworkPolicy,
        Service,
        Volume,
    ];

    /// <summary>Names of all kinds for <c>kubectl get</c> and <c>kubectl delete</c>.</summary>
    public static string ForKubectl => string.Join(',', All.Select(kind => kind.QualifiedName));

    /// <summary>
    /// Returns the command that removes all workspaces of a provider from its cluster, including their disks.
    /// </summary>
    /// <param name="ns">The namespace, which is an RFC 1123 label.</param>
    public static string CleanupCommand(string ns, string providerId) =>
        $"kubectl --namespace {ns} delete {ForKubectl} --selector {ProviderLabel}={providerId}";
}
