using Coder.Mesh.Shared;

namespace Coder.Mesh.Agent.Configuration;

/// <summary>
/// Finds variables that are all but one of the agent's. Others may be there: the command line's, and those that Kubernetes
/// gives to a pod for each Service. Pure.
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
