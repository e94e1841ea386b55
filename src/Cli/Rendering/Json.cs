using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Google.Protobuf;

namespace Coder.Mesh.Cli.Rendering;

/// <summary>Messages as the JSON form of protobuf, with every field present that has a default.</summary>
internal static class Json
{
    private static readonly JsonFormatter Formatter = new(JsonFormatter.Settings.Default.WithFormatDefaultValues(true));

    private static readonly JsonWriterOptions Layout = new()
    {
        Indented = true,
        // Output goes to terminals and programs, never into HTML: names in any script stay readable.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static JsonNode Of(IMessage message) => Steerless(JsonNode.Parse(Formatter.Format(message)))!;

    public static JsonArray Of(IEnumerable<IMessage> messages) => new([.. messages.Select(Of)]);

    public static string Print(JsonNode node) => Print(node, Layout);

    /// <summary>Without a line break in it.</summary>
    public static string PrintLine(JsonNode node) => Print(node, Layout with { Indented = false });

    private static string Print(JsonNode node, JsonWriterOptions layout)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, layout))
            node.WriteTo(writer);
        return System.Text.Encoding.UTF8.GetString(buffer.ToArray()) + "\n";
    }

    private static JsonNode? Steerless(JsonNode? node) =>
        node switch
        {
            JsonObject o => new JsonObject(o.Select(p => KeyValuePair.Create(Text.OneLine(p.Key), Steerless(p.Value)))),
            JsonArray a => new JsonArray([.. a.Select(Steerless)]),
            JsonValue v when v.TryGetValue<string>(out var text) => JsonValue.Create(Text.Steerless(text)),
            _ => node?.DeepClone(),
        };
}
