using Coder.Mesh.Protocol;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>
/// Everything that the agent may do in its namespace, and why: the one list that its Role, the readiness probe and the
/// tests are made from. Nothing outside the namespace is asked for.
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
                // Agents of before did without, and their Roles are still in place.
                Optional = true,
            },
            new("", "pods", ["list", "watch"], "tells whether a workspace runs, and why it doesn't"),
            new("", "events", ["get", "list", "watch"], "tells why, in the cluster's own words"),
            new("", "namespaces", ["get"], "its UID is the provider's identity", ns),
        ];

    // Server-side apply is a patch, which needs create where the object isn't there yet.
    private static readonly string[] Managed = ["get", "list", "watch", "create", "patch", "delete"];
}

/// <param name="Group">Empty for the core group.</param>
/// <param name="Why">For people who review the Role.</param>
/// <param name="Name">The only object that it is needed for; null for all.</param>
internal sealed record RequiredPermission(
    string Group,
    string Resource,
    IReadOnlyList<string> Verbs,
    string Why,
    string? Name = null
)
{
    /// <summary>Without it the agent does all but what is said of it.</summary>
    public bool Optional { get; init; }

    /// <summary>Whether a rule of a Role allows one verb of this.</summary>
    public bool AllowedBy(ResourceRule rule, string verb) =>
        Matches(rule.Verbs, verb)
        && Matches(rule.ApiGroups, Group)
        && Matches(rule.Resources, Resource)
        && (rule.ResourceNames is not { Count: > 0 } names || (Name is not null && names.Contains(Name)));

    /// <summary>As a person would write it, for example <c>patch deployments.apps</c>.</summary>
    public string Describe(string verb)
    {
        var resource = Group.Length == 0 ? Resource : $"{Resource}.{Group}";
        return Name is null ? $"{verb} {resource}" : $"{verb} {resource}/{Name}";
    }

    private static bool Matches(IReadOnlyList<string>? allowed, string wanted) =>
        allowed is not null && (allowed.Contains(wanted) || allowed.Contains("*"));
}
