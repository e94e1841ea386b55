using System.Text.Json;
using System.Text.Json.Serialization;

namespace Coder.Mesh.Load;

/// <summary>The tool's JSON: camelCase, enums as camelCase words.</summary>
internal static class LoadJson
{
    private static readonly JsonSerializerOptions Compact = new(JsonSerializerDefaults.Web)
    {
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    private static readonly JsonSerializerOptions Indented = new(Compact) { WriteIndented = true };

    public static string Line<T>(T value) => JsonSerializer.Serialize(value, Compact);

    public static string Document<T>(T value) => JsonSerializer.Serialize(value, Indented);

    public static T Parse<T>(string line) =>
        JsonSerializer.Deserialize<T>(line, Compact) ?? throw new JsonException("null where a value is needed");
}
