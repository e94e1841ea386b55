using Coder.Mesh.Agent.Kubernetes;

namespace Coder.Mesh.Docs.Tests;

/// <summary>The Role of the documentation is the one list that the agent's readiness is assessed by.</summary>
public sealed class PermissionsTests
{
    [Fact]
    public void The_documented_Role_is_what_the_agent_prints() =>
        Assert.Equal(RoleManifest.In("NAMESPACE"), Document.Read("agent-permissions.md").BlockAfter("```yaml", "```"));

    [Fact]
    public void The_Role_has_exactly_the_required_permissions() =>
        Assert.Equal(
            RequiredPermissions.In("NAMESPACE").SelectMany(p => (string[])[$"# {p.Why}", Rule(p)]),
            RoleManifest
                .In("NAMESPACE")
                .Split("rules:\n")[1]
                .Split("\n---")[0]
                .Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
        );

    private static string Rule(RequiredPermission permission)
    {
        var names = permission.Name is { } name ? $", resourceNames: [\"{name}\"]" : "";
        var verbs = string.Join(", ", permission.Verbs.Select(v => $"\"{v}\""));
        return $"- {{apiGroups: [\"{permission.Group}\"], resources: [\"{permission.Resource}\"], verbs: [{verbs}]{names}}}";
    }
}
