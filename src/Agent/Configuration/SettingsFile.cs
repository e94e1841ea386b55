using System.Text.Json;
using Coder.Mesh.Shared;

namespace Coder.Mesh.Agent.Configuration;

/// <summary>Reads the settings file: a JSON object with a key for each setting.</summary>
internal static class SettingsFile
{
    private const long MaxBytes = 64 * 1024;

    private static readonly HashSet<string> Keys = [.. Setting.All.Select(s => s.Key)];

    private static readonly JsonDocumentOptions Json = new()
    {
        AllowTrailingCommas = true,
        CommentHandling = JsonCommentHandling.Skip,
    };

    public static IReadOnlyDictionary<string, string> Read(string path, string place, List<string> errors)
    {
        var values = new Dictionary<string, string>();
        try
        {
            if (new FileInfo(path) is { Exists: true, Length: > MaxBytes })
            {
                errors.Add($"{place}: {path} is larger than {MaxBytes / 1024} KiB; that is not a settings file.");
                return values;
            }

            using var document = JsonDocument.Parse(File.ReadAllBytes(path), Json);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                errors.Add($"{place}: {path} must hold one JSON object, such as {{ \"accessUrl\": \"https://…\" }}.");
            else
                foreach (var property in document.RootElement.EnumerateObject())
                    ReadProperty(property, path, values, errors);
        }
        catch (JsonException e)
        {
            errors.Add(
                $"{place}: {path} is not valid JSON (line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1})."
            );
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            errors.Add($"{place}: {path} can't be read: {e.Message}");
        }

        return values;
    }

    private static void ReadProperty(
        JsonProperty property,
        string path,
        Dictionary<string, string> values,
        List<string> errors
    )
    {
        var name = property.Name;
        if (name is "token")
            errors.Add(
                $"\"token\" in {path}: a token doesn't belong here; name a file that holds it as \"tokenFile\"."
            );
        else if (!Keys.Contains(name))
            errors.Add(
                $"\"{name}\" in {path}: no such setting"
                    + (
                        Nearest.To(name, Keys) is { } near
                            ? $". Did you mean \"{near}\"?"
                            : $"; there are {string.Join(", ", Keys)}."
                    )
            );
        else if (values.ContainsKey(name))
            errors.Add($"\"{name}\" in {path}: is given more than once.");
        else if (
            property.Value.ValueKind
            is JsonValueKind.String
                or JsonValueKind.Number
                or JsonValueKind.True
                or JsonValueKind.False
        )
            values[name] = property.Value.ToString();
        else
            errors.Add($"\"{name}\" in {path}: must be text, a number, true or false.");
    }
}
