using Coder.Mesh.Protocol;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>
/// All permissions of the agent in its namespace, with reasons. The Role, the readiness probe and the tests are based
/// on this list. The agent needs no permissions outside of the namespace.
/// </summary>
internal static class RequiredPermissions
{
    public static IReadOnlyList<RequiredPermission> In(string ns) =>
        [
            .. WorkspaceKinds.All.Select(kind => new RequiredPermission(
                kind.Group,
                kind.Resource,
                Managed,
                kind.Purpose
            )),
            new("apps", "deployments/scale", ["patch"], "stops a workspace also where a policy refuses its Deployment")
            {
                // Earlier agents did not need it, and their Roles are still in use.
                Optional = true,
            },
            new("", "pods", ["list", "watch"], "shows whether a workspace runs"),
            new("", "events", ["get", "list", "watch"], "shows why, in the cluster's own words"),
            new("", "namespaces", ["get"], "its UID is the provider's identity", ns),
        ];

    // A server-side apply is a patch, and needs create if the object does not exist.
    private static readonly string[] Managed = ["get", "list", "watch", "create", "patch", "delete"];
}

/// <param name="Group">Empty for the core group.</param>
/// <param name="Why">Reason, for reviewers of the Role.</param>
/// <param name="Name">The only object that it is needed for; null for all.</param>
internal sealed record RequiredPermission(
    string Group,
    string Resource,
    IReadOnlyList<string> Verbs,
    string Why,
    string? Name = null
)
{
    /// <summary>Whether the agent works without it, except for the described function.</summary>
    public bool Optional { get; init; }

    /// <summary>Whether a rule of a Role allows this verb.</summary>
    public bool AllowedBy(ResourceRule rule, string verb) =>
        Matches(rule.Verbs, verb)
        && Matches(rule.ApiGroups, Group)
        && Matches(rule.Resources, Resource)
        && (rule.ResourceNames is not { Count: > 0 } names || (Name is not null && names.Contains(Name)));

    /// <summary>Formats the permission, for example <c>patch deployments.apps</c>.</summary>
    public string Describe(string verb)
    {
        var resource = Group.Length == 0 ? Resource : $"{Resource}.{Group}";
        return Name is null ? $"{verb} {resource}" : $"{verb} {resource}/{Name}";
    }

    private static bool Matches(IReadOnlyList<string>? allowed, string wanted) =>
        allowed is not null && (allowed.Contains(wanted) || allowed.Contains("*"));
}
