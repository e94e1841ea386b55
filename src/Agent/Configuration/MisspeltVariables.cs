using Coder.Mesh.Shared;

namespace Coder.Mesh.Agent.Configuration;

/// <summary>
/// Finds environment variables that are probably misspelt names of the agent's. Others may exist: those of the CLI, and
/// those that Kubernetes adds to a pod for each Service. Pure function.
/// </summary>
internal static class MisspeltVariables
{
    private const string Prefix = "MESH_";

    private static readonly string[] Known =
    [
        .. Setting.All.Select(s => s.Variable).Where(v => v.StartsWith(Prefix, StringComparison.Ordinal)),
        SettingSource.TokenVariable,
        SettingSource.ConfigVariable,
    ];

    public static IEnumerable<string> In(IReadOnlyDictionary<string, string> environment) =>
        from name in environment.Keys.Order(StringComparer.Ordinal)
        where name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) && !Known.Contains(name)
        let near = Known.FirstOrDefault(k => Nearest.Distance(k, name) <= 2)
        where near is not null && !environment.ContainsKey(near)
        select $"{name}: no setting of the agent. Did you mean {near}?";
}
