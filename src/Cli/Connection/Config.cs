using System.Text.Json;
using System.Text.Json.Serialization;
using Coder.Mesh.Cli.Errors;

namespace Coder.Mesh.Cli.Connection;

/// <summary>The contents of the configuration file: contexts by name.</summary>
/// <remarks>Properties with setters keep their initial value if the file does not contain them.</remarks>
internal sealed record Config
{
    public string? Current { get; set; }

    public SortedDictionary<string, SavedContext> Contexts { get; set; } = new(StringComparer.Ordinal);

    /// <summary>Fields of later versions, written back unchanged.</summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? Others { get; set; }

    /// <param name="name">The context's name.</param>
    /// <param name="context">Null removes it.</param>
    public Config With(string name, SavedContext? context)
    {
        var contexts = new SortedDictionary<string, SavedContext>(Contexts, StringComparer.Ordinal);
        contexts.Remove(name);
        if (context is not null)
            contexts.Add(name, context);
        return this with { Contexts = contexts, Current = context is null && Current == name ? null : Current };
    }

    /// <summary>Finds a context by name.</summary>
    /// <param name="name">The name.</param>
    /// <param name="origin">Where the name came from.</param>
    public SavedContext Get(string name, string origin) =>
        Contexts.GetValueOrDefault(name)
        ?? throw new CliException(
            new Failure($"context \"{name}\" not found (from {origin})", ExitCodes.Usage)
            {
                Details =
                [
                    Contexts.Count > 0 ? $"contexts: {string.Join(", ", Contexts.Keys)}" : "there are no contexts yet",
                ],
                Tips =
                [
                    $"mesh login https://mesh.example.com --context {name}",
                    .. Contexts.Count > 0 ? ["or use another context: mesh contexts use NAME"] : Array.Empty<string>(),
                ],
            }
        );
}

/// <summary>An address of a control plane, with a token and a default organization.</summary>
internal sealed record SavedContext
{
    [JsonConverter(typeof(AddressConverter))]
    public required Uri Address { get; init; }

    /// <summary>Null after a logout. Only sent to this address.</summary>
    public string? Token { get; set; }

    /// <summary>The default organization; null if there is none.</summary>
    public string? Organization { get; init; }

    [JsonExtensionData]
    public IDictionary<string, JsonElement>? Others { get; set; }

    // The generated ToString would print the secret.
    public override string ToString() => $"context at {Connection.Address.Origin(Address)}";
}

/// <summary>Reads addresses; errors include their position in the file.</summary>
internal sealed class AddressConverter : JsonConverter<Uri>
{
    public override Uri Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.String)
            throw new JsonException("an address is a string, such as \"https://mesh.example.com\"");
        var (address, trouble) = Address.Parse(reader.GetString()!);
        return address ?? throw new JsonException($"the address is not valid: {trouble}");
    }

    public override void Write(Utf8JsonWriter writer, Uri value, JsonSerializerOptions options) =>
        writer.WriteStringValue(Address.Origin(value));
}

/// <summary>Source-generated serialization, since native code has no reflection.</summary>
[JsonSerializable(typeof(Config))]
internal sealed partial class ConfigJson : JsonSerializerContext;
