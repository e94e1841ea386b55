using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using YamlDotNet.Serialization;

namespace Coder.Mesh.Kubernetes.Tests;

/// <summary>
/// Objects as YAML, kept under Expected/. UPDATE_EXPECTED=1 writes them anew, to be read in the diff.
/// </summary>
internal static class KeptYaml
{
    private static readonly ISerializer Yaml = new SerializerBuilder()
        .WithQuotingNecessaryStrings()
        .WithIndentedSequences()
        .Build();

    public static void Match(string name, IEnumerable<JsonNode> objects)
    {
        var text = string.Join("---\n", objects.Select(o => Yaml.Serialize(Plain(o)!)));
        var path = Path.Combine(Folder(), "Expected", $"{name}.yaml");
        if (Environment.GetEnvironmentVariable("UPDATE_EXPECTED") == "1")
            File.WriteAllText(path, text);
        Assert.True(File.Exists(path), $"{path} is missing; UPDATE_EXPECTED=1 writes it");
        Assert.Equal(File.ReadAllText(path), text);
    }

    private static object? Plain(JsonNode? node) =>
        node switch
        {
            JsonObject o => o.ToDictionary(p => p.Key, p => Plain(p.Value)),
            JsonArray a => a.Select(Plain).ToList(),
            JsonValue v => v.GetValueKind() switch
            {
                JsonValueKind.String => v.GetValue<string>(),
                JsonValueKind.True or JsonValueKind.False => v.GetValue<bool>(),
                _ => decimal.Parse(v.ToJsonString(), System.Globalization.CultureInfo.InvariantCulture),
            },
            _ => null,
        };

    private static string Folder([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;
}
