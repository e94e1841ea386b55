namespace Coder.Mesh.Agent.Configuration;

/// <summary>Finds the value of a setting in flags, then environment, then settings file.</summary>
internal sealed class SettingSource(
    IReadOnlyDictionary<string, string> flags,
    IReadOnlyDictionary<string, string> environment,
    IReadOnlyDictionary<string, string> file,
    string? filePath
)
{
    public const string TokenVariable = "MESH_TOKEN";
    public const string ConfigVariable = "MESH_AGENT_CONFIG";

    /// <summary>Returns the value and where it was found. An empty variable counts as not set.</summary>
    public (string Value, string Place)? Find(Setting setting) =>
        flags.TryGetValue(setting.Flag, out var flag) ? (flag, $"{setting.Flag} ({setting.Variable})")
        : environment.TryGetValue(setting.Variable, out var variable) && variable.Length > 0
            ? (variable, $"{setting.Variable} ({setting.Flag})")
        : file.TryGetValue(setting.Key, out var value)
            ? (value, $"\"{setting.Key}\" in {filePath} ({setting.Flag}, {setting.Variable})")
        : null;

    /// <summary>Returns an environment variable that is not a setting of the agent.</summary>
    public string? Variable(string name) => environment.GetValueOrDefault(name);

    public bool HasFlag(Setting setting) => flags.ContainsKey(setting.Flag);

    public string? Token => environment.TryGetValue(TokenVariable, out var token) && token.Length > 0 ? token : null;
}
