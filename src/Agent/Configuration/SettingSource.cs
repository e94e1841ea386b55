namespace Coder.Mesh.Agent.Configuration;

/// <summary>Looks a setting up where an operator may have put it: flags, then environment, then file.</summary>
internal sealed class SettingSource(
    IReadOnlyDictionary<string, string> flags,
    IReadOnlyDictionary<string, string> environment,
    IReadOnlyDictionary<string, string> file,
    string? filePath
)
{
    public const string TokenVariable = "MESH_TOKEN";
    public const string ConfigVariable = "MESH_AGENT_CONFIG";

    /// <summary>The value, and the name of the place that it came from. An empty variable counts as not set.</summary>
    public (string Value, string Place)? Find(Setting setting) =>
        flags.TryGetValue(setting.Flag, out var flag) ? (flag, $"{setting.Flag} ({setting.Variable})")
        : environment.TryGetValue(setting.Variable, out var variable) && variable.Length > 0
            ? (variable, $"{setting.Variable} ({setting.Flag})")
        : file.TryGetValue(setting.Key, out var value)
            ? (value, $"\"{setting.Key}\" in {filePath} ({setting.Flag}, {setting.Variable})")
        : null;

    /// <summary>A variable that isn't the agent's own.</summary>
    public string? Variable(string name) => environment.GetValueOrDefault(name);

    public bool HasFlag(Setting setting) => flags.ContainsKey(setting.Flag);

    public string? Token => environment.TryGetValue(TokenVariable, out var token) && token.Length > 0 ? token : null;
}
