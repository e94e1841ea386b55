using System.Text.Json;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Coder.Mesh.Cli.Rendering;

/// <summary>What JSON says, as YAML: a reader of either version 1.1 or 1.2 gets the same strings, numbers and truths.</summary>
internal static class Yaml
{
    // Words that one version or the other takes for a truth or for nothing.
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
        // No line is broken where the text has no break: whoever greps finds what is there.
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

    /// <summary>Only what can't be anything but a string: it begins with a letter, and nothing in it has a meaning.</summary>
    private static bool IsPlain(string text) =>
        text.Length > 0
        && char.IsAsciiLetter(text[0])
        && char.IsAsciiLetterOrDigit(text[^1])
        && text.All(c => char.IsLetterOrDigit(c) || c is ' ' or '.' or ',' or '-' or '_' or '/' or '(' or ')' or '@')
        && !NoStrings.Contains(text);

    // A block says by its layout how it begins and ends; what that can't say is quoted.
    private static bool IsReadableBlock(string text) =>
        text.Contains('\n', StringComparison.Ordinal)
        && !text.Contains('\t', StringComparison.Ordinal)
        && !char.IsWhiteSpace(text[0])
        && text.Split('\n').All(line => line.Length == 0 || !char.IsWhiteSpace(line[^1]));
}
