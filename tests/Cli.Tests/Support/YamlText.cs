using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Coder.Mesh.Cli.Tests.Support;

/// <summary>
/// Reads YAML as the readers of both its versions do, together: what any takes for no string is none.
/// </summary>
internal static partial class YamlText
{
    public static List<JsonNode?> Read(string text)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(text));
        return [.. stream.Documents.Select(d => Node(d.RootNode))];
    }

    private static JsonNode? Node(YamlNode node) =>
        node switch
        {
            YamlMappingNode map => new JsonObject(
                map.Children.Select(c => KeyValuePair.Create(Key((YamlScalarNode)c.Key), Node(c.Value)))
            ),
            YamlSequenceNode list => new JsonArray([.. list.Children.Select(Node)]),
            YamlScalarNode { Style: ScalarStyle.Plain, Value: { } plain } => Plain(plain),
            YamlScalarNode scalar => JsonValue.Create(scalar.Value),
            _ => throw new InvalidDataException($"{node.NodeType} has no place here"),
        };

    private static string Key(YamlScalarNode key)
    {
        var text = key.Value!;
        Assert.True(
            key.Style != ScalarStyle.Plain || Plain(text)?.GetValueKind() is System.Text.Json.JsonValueKind.String
        );
        return text;
    }

    private static JsonNode? Plain(string text) =>
        Null().IsMatch(text) ? null
        : Truth().IsMatch(text) ? JsonValue.Create(text is "true")
        : Number().IsMatch(text) ? JsonNode.Parse(text)
        : Odd().IsMatch(text) ? throw new InvalidDataException($"\"{text}\" is no string to every reader")
        : JsonValue.Create(text);

    // 1.1 and 1.2 together: https://yaml.org/type and https://yaml.org/spec/1.2.2/#103-core-schema
    [GeneratedRegex(@"\A(~|null|Null|NULL|)\z")]
    private static partial Regex Null();

    [GeneratedRegex(@"\A(true|false)\z")]
    private static partial Regex Truth();

    [GeneratedRegex(@"\A-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?\z")]
    private static partial Regex Number();

    [GeneratedRegex(
        @"\A(y|n|yes|no|on|off|true|false|=|<<|[-+]?[0-9.].*|[-+]?\.(inf|nan))\z",
        RegexOptions.IgnoreCase | RegexOptions.Singleline
    )]
    private static partial Regex Odd();
}
