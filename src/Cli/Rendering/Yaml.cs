using System.Text.Json;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Coder.Mesh.Cli.Rendering;

/// <summary>Formats JSON as YAML that readers of versions 1.1 and 1.2 interpret in the same way.</summary>
internal static class Yaml
{
    // Words that either version reads as a boolean or null.
    private static readonly HashSet<string> NoStrings = new(StringComparer.OrdinalIgnoreCase)
    {
        "y",
        "n",
        "yes",
        "no",
        "on",
        "off",
        "true",
        "false",
        "null",
    };

    public static string Print(JsonNode node)
    {
        using var text = new StringWriter { NewLine = "\n" };
        // Long lines are not folded, so that grep works.
        var emitter = new Emitter(text, EmitterSettings.Default.WithBestWidth(int.MaxValue).WithIndentedSequences());
        emitter.Emit(new StreamStart());
        emitter.Emit(new DocumentStart());
        Emit(emitter, node);
        emitter.Emit(new DocumentEnd(isImplicit: true));
        emitter.Emit(new StreamEnd());
        return text.ToString();
    }

    private static void Emit(Emitter emitter, JsonNode? node)
    {
        switch (node)
        {
            case JsonObject map:
                var block = map.Count > 0 ? MappingStyle.Block : MappingStyle.Flow;
                emitter.Emit(new MappingStart(AnchorName.Empty, TagName.Empty, isImplicit: true, block));
                foreach (var (key, value) in map)
                {
                    emitter.Emit(new Scalar(AnchorName.Empty, TagName.Empty, key, KeyStyle(key), true, true));
                    Emit(emitter, value);
                }
                emitter.Emit(new MappingEnd());
                break;
            case JsonArray list:
                var style = list.Count > 0 ? SequenceStyle.Block : SequenceStyle.Flow;
                emitter.Emit(new SequenceStart(AnchorName.Empty, TagName.Empty, isImplicit: true, style));
                foreach (var item in list)
                    Emit(emitter, item);
                emitter.Emit(new SequenceEnd());
                break;
            default:
                emitter.Emit(Leaf(node));
                break;
        }
    }

    private static Scalar Leaf(JsonNode? node) =>
        node?.GetValueKind() == JsonValueKind.String && node.GetValue<string>() is var text
            ? new Scalar(AnchorName.Empty, TagName.Empty, text, ValueStyle(text), true, true)
            : new Scalar(node?.ToJsonString() ?? "null");

    private static ScalarStyle ValueStyle(string text) => IsReadableBlock(text) ? ScalarStyle.Literal : KeyStyle(text);

    private static ScalarStyle KeyStyle(string text) => IsPlain(text) ? ScalarStyle.Plain : ScalarStyle.DoubleQuoted;

    /// <summary>Tells whether a text can only be read as a string without quotes.</summary>
    private static bool IsPlain(string text) =>
        text.Length > 0
        && char.IsAsciiLetter(text[0])
        && char.IsAsciiLetterOrDigit(text[^1])
        && text.All(c => char.IsLetterOrDigit(c) || c is ' ' or '.' or ',' or '-' or '_' or '/' or '(' or ')' or '@')
        && !NoStrings.Contains(text);

    // Text with spaces or line breaks at its ends cannot be written as a block.
    private static bool IsReadableBlock(string text) =>
        text.Contains('\n', StringComparison.Ordinal)
        && !text.Contains('\t', StringComparison.Ordinal)
        && !char.IsWhiteSpace(text[0])
        && text.Split('\n').All(line => line.Length == 0 || !char.IsWhiteSpace(line[^1]));
}
