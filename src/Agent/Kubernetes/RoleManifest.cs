using System.Text;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>Service account, Role and binding of an agent as YAML, made from <see cref="RequiredPermissions"/>. Pure.</summary>
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
