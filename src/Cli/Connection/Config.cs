using System.Text.Json;
using System.Text.Json.Serialization;
using Coder.Mesh.Cli.Errors;

namespace Coder.Mesh.Cli.Connection;

/// <summary>What the configuration file says: the control planes that one logged in to, by name.</summary>
/// <remarks>Where the file is silent, only properties that can be set keep what they begin with.</remarks>
internal sealed record Config
{
    public string? Current { get; set; }

    public SortedDictionary<string, SavedContext> Contexts { get; set; } = new(StringComparer.Ordinal);

    /// <summary>What a later version put there; it is written back as it was.</summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? Others { get; set; }

    /// <param name="name">The context's name.</param>
    /// <param name="context">Null takes it away.</param>
    public Config With(string name, SavedContext? context)
    {
        var contexts = new SortedDictionary<string, SavedContext>(Contexts, StringComparer.Ordinal);
        contexts.Remove(name);
        if (context is not null)
            contexts.Add(name, context);
        return this with { Contexts = contexts, Current = context is null && Current == name ? null : Current };
    }

    /// <summary>The context of that name; where there is none the command ends, and says which there are.</summary>
    /// <param name="name">The name.</param>
    /// <param name="origin">What named it.</param>
    public SavedContext Get(string name, string origin) =>
        Contexts.GetValueOrDefault(name)
        ?? throw new CliException(
            new Failure($"there is no context \"{name}\", named by {origin}", ExitCodes.Usage)
            {
                Details =
                [
                    Contexts.Count > 0 ? $"contexts: {string.Join(", ", Contexts.Keys)}" : "there are no contexts yet",
                ],
                Tips =
                [
                    $"mesh login https://mesh.example.com --context {name}",
                    .. Contexts.Count > 0 ? ["or choose another: mesh contexts use NAME"] : Array.Empty<string>(),
                ],
            }
        );
}

/// <summary>A control plane, and as whom to call it.</summary>
internal sealed record SavedContext
{
    [JsonConverter(typeof(AddressConverter))]
    public required Uri Address { get; init; }

    /// <summary>Null once logged out. It is for this address and no other.</summary>
    public string? Token { get; set; }

    /// <summary>The one that commands mean where none is named; null for none.</summary>
    public string? Organization { get; init; }

    [JsonExtensionData]
    public IDictionary<string, JsonElement>? Others { get; set; }

    // The generated ToString would print the secret.
    public override string ToString() => $"context at {Connection.Address.Origin(Address)}";
}

/// <summary>Addresses that make no sense are told with the place where they stand.</summary>
internal sealed class AddressConverter : JsonConverter<Uri>
{
    public override Uri Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.String)
            throw new JsonException("an address is a string, such as \"https://mesh.example.com\"");
        var (address, trouble) = Address.Parse(reader.GetString()!);
        return address ?? throw new JsonException($"the address is no good: {trouble}");
    }

    public override void Write(Utf8JsonWriter writer, Uri value, JsonSerializerOptions options) =>
        writer.WriteStringValue(Address.Origin(value));
}

/// <summary>How it is read and written, known when this program is built: native code can't look at types.</summary>
[JsonSerializable(typeof(Config))]
internal sealed partial class ConfigJson : JsonSerializerContext;
