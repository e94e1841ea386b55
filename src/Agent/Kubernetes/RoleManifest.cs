using System.Text;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>
/// YAML of the agent's ServiceAccount, Role and RoleBinding, from <see cref="RequiredPermissions"/>. Pure functions.
/// </summary>
internal static class RoleManifest
{
    public const string Name = "mesh-agent";

    public static string In(string ns)
    {
        var rules = new StringBuilder();
        foreach (var permission in RequiredPermissions.In(ns))
            rules
                .Append("  # ")
                .Append(permission.Why)
                .Append('\n')
                .Append("  - ")
                .Append(Rule(permission))
                .Append('\n');
        return $$"""
            apiVersion: v1
            kind: ServiceAccount
            metadata: {name: {{Name}}, namespace: {{ns}}}
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: Role
            metadata: {name: {{Name}}, namespace: {{ns}}}
            rules:
            {{rules.ToString().TrimEnd('\n')}}
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: RoleBinding
            metadata: {name: {{Name}}, namespace: {{ns}}}
            roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: {{Name}}}
            subjects:
              - {kind: ServiceAccount, name: {{Name}}, namespace: {{ns}}}

            """;
    }

    private static string Rule(RequiredPermission permission)
    {
        var names = permission.Name is { } name ? $", resourceNames: [\"{name}\"]" : "";
        var verbs = string.Join(", ", permission.Verbs.Select(v => $"\"{v}\""));
        return $"{{apiGroups: [\"{permission.Group}\"], resources: [\"{permission.Resource}\"], verbs: [{verbs}]{names}}}";
    }
}
