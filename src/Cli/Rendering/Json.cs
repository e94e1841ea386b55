using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Google.Protobuf;

namespace Coder.Mesh.Cli.Rendering;

/// <summary>Formats messages as protobuf JSON, including fields with default values.</summary>
internal static class Json
{
    private static readonly JsonFormatter Formatter = new(JsonFormatter.Settings.Default.WithFormatDefaultValues(true));

    private static readonly JsonWriterOptions Layout = new()
    {
        Indented = true,
        // The output is never embedded in HTML, so non-ASCII characters are not escaped.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static JsonNode Of(IMessage message) => WithoutControls(JsonNode.Parse(Formatter.Format(message)))!;

    public static JsonArray Of(IEnumerable<IMessage> messages) => new([.. messages.Select(Of)]);

    public static string Print(JsonNode node) => Print(node, Layout);

    /// <summary>Prints it on a single line.</summary>
    public static string PrintLine(JsonNode node) => Print(node, Layout with { Indented = false });

    private static string Print(JsonNode node, JsonWriterOptions layout)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, layout))
            node.WriteTo(writer);
        return System.Text.Encoding.UTF8.GetString(buffer.ToArray()) + "\n";
    }

    private static JsonNode? WithoutControls(JsonNode? node) =>
        node switch
        {
            JsonObject o => new JsonObject(
                o.Select(p => KeyValuePair.Create(Text.OneLine(p.Key), WithoutControls(p.Value)))
            ),
            JsonArray a => new JsonArray([.. a.Select(WithoutControls)]),
            JsonValue v when v.TryGetValue<string>(out var text) => JsonValue.Create(Text.WithoutControls(text)),
            _ => node?.DeepClone(),
        };
}
