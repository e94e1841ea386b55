using System.Collections.Frozen;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Google.Protobuf.Reflection;

namespace Coder.Mesh.ControlPlane.Api.Json;

/// <summary>
/// Comments of messages, fields and methods in the protos. Descriptors do not contain them, so the files are embedded;
/// they are in buf's format, with one declaration per line.
/// </summary>
internal static partial class ProtoComments
{
    private static readonly FrozenDictionary<string, string> All = Read();

    /// <returns>Empty if there is none.</returns>
    public static string Of(IDescriptor descriptor) => All.GetValueOrDefault(descriptor.FullName, "");

    public static void Describe(JsonObject target, IDescriptor descriptor)
    {
        if (Of(descriptor) is { Length: > 0 } comment)
            target["description"] = comment;
    }

    private static FrozenDictionary<string, string> Read()
    {
        var assembly = typeof(ProtoComments).Assembly;
        var comments = new Dictionary<string, string>();
        foreach (
            var name in assembly.GetManifestResourceNames().Where(n => n.EndsWith(".proto", StringComparison.Ordinal))
        )
        {
            using var text = new StreamReader(assembly.GetManifestResourceStream(name)!);
            Read(text, comments);
        }

        return comments.ToFrozenDictionary();
    }

    private static void Read(StreamReader text, Dictionary<string, string> comments)
    {
        var scopes = new List<string>();
        var comment = new List<string>();
        while (text.ReadLine()?.Trim() is { } line)
        {
            if (line.StartsWith("//", StringComparison.Ordinal))
            {
                comment.Add(line[2..].Trim());
                continue;
            }

            var declared = Declaration().Match(line);
            var name = declared.Groups["name"].Value;
            if (declared.Success && comment.Count > 0)
                comments[string.Join('.', scopes.Append(name).Where(s => s.Length > 0))] = string.Join(' ', comment);
            comment.Clear();
            if (declared.Groups["package"].Success || line.EndsWith('{'))
                // The fields of a oneof belong to its message.
                scopes.Add(line.StartsWith("oneof", StringComparison.Ordinal) ? "" : name);
            else if (line.StartsWith('}') && scopes.Count > 1)
                scopes.RemoveAt(scopes.Count - 1);
        }
    }

    [GeneratedRegex(
        @"^(?:(?<package>package) (?<name>[\w.]+);|(?:message|enum|service|oneof|rpc) (?<name>\w+)|(?:optional |repeated )?[\w.]+(?:<[^>]*>)? (?<name>\w+) = \d+)"
    )]
    private static partial Regex Declaration();
}
