using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Text.RegularExpressions;
using Coder.Mesh.ControlPlane.Edge;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;

namespace Coder.Mesh.ControlPlane.Api.Json;

/// <summary>
/// Renames fields in errors to their JSON names. Services use the names of the protos, as gRPC requires.
/// </summary>
internal static partial class JsonFieldNames
{
    private static readonly ConcurrentDictionary<FileDescriptor, FrozenDictionary<string, string>> Names = new();

    /// <param name="type">Type of the refused request.</param>
    public static RpcException Renamed(RpcException error, MessageDescriptor type)
    {
        if (error.GetRpcStatus() is not { } status)
            return error;
        var names = Names.GetOrAdd(type.File, NamesOf);
        var renamed = status.Clone();
        renamed.Message = Text(status.Message, names);
        for (var i = 0; i < renamed.Details.Count; i++)
        {
            var detail = renamed.Details[i];
            if (detail.TryUnpack<BadRequest>(out var fields))
            {
                Rename(fields, type, names);
                renamed.Message = string.Join("; ", fields.FieldViolations.Select(v => $"{v.Field}: {v.Description}"));
                renamed.Details[i] = Any.Pack(fields);
            }
            else if (detail.TryUnpack<PreconditionFailure>(out var failure))
            {
                foreach (var violation in failure.Violations)
                    violation.Description = Text(violation.Description, names);
                renamed.Details[i] = Any.Pack(failure);
            }
        }

        return renamed.ToRpcException();
    }

    /// <summary>
    /// Converts the path of a field, such as <c>details.tolerations[0].toleration_seconds</c>. Unknown fields are kept.
    /// </summary>
    public static string Path(string path, MessageDescriptor type)
    {
        var parts = new List<string>();
        var message = type;
        // Keys of maps may contain dots.
        foreach (Match part in Part().Matches(path))
        {
            var field = message?.FindFieldByName(part.Groups["name"].Value);
            parts.Add((field?.JsonName ?? part.Groups["name"].Value) + part.Groups["index"].Value);
            var value = field is { IsMap: true } ? field.MessageType.FindFieldByNumber(2) : field;
            message = value?.FieldType == FieldType.Message ? value.MessageType : null;
        }

        return string.Join('.', parts);
    }

    private static void Rename(BadRequest fields, MessageDescriptor type, FrozenDictionary<string, string> names)
    {
        foreach (var violation in fields.FieldViolations)
        {
            // The paths of a mask are names, whether the fields exist or not; other quoted text is the caller's.
            violation.Description = IsMask(type.FindFieldByName(violation.Field))
                ? Word().Replace(violation.Description, word => Camel(word.Value))
                : Text(violation.Description, names);
            violation.Field = Path(violation.Field, type);
        }
    }

    private static bool IsMask(FieldDescriptor? field) =>
        field is { FieldType: FieldType.Message } && field.MessageType == FieldMask.Descriptor;

    /// <summary>Converts a path of a mask back to the form in which it was sent.</summary>
    private static string Camel(string name) =>
        string.Concat(name.Split('_').Select((part, i) => i == 0 ? part : char.ToUpperInvariant(part[0]) + part[1..]));

    private static string Text(string text, FrozenDictionary<string, string> names) =>
        string.Join('"', text.Split('"').Select((part, i) => i % 2 == 0 ? Words(part, names) : part));

    private static string Words(string text, FrozenDictionary<string, string> names) =>
        Word().Replace(text, word => names.GetValueOrDefault(word.Value, word.Value));

    private static FrozenDictionary<string, string> NamesOf(FileDescriptor file) =>
        file
            .Dependencies.Where(d => d.Package == file.Package)
            .Append(file)
            .SelectMany(f => f.MessageTypes)
            .SelectMany(m => m.Fields.InDeclarationOrder())
            .DistinctBy(f => f.Name)
            .ToFrozenDictionary(f => f.Name, f => f.JsonName);

    [GeneratedRegex(@"(?<name>[^.\[\]]+)(?<index>\[[^\]]*\])?")]
    private static partial Regex Part();

    [GeneratedRegex(@"\b[a-z][a-z0-9]*(_[a-z0-9]+)+\b", RegexOptions.CultureInvariant)]
    private static partial Regex Word();
}
