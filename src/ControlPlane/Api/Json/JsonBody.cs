using System.Globalization;
using System.Text.Json;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.Shared;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;

namespace Coder.Mesh.ControlPlane.Api.Json;

/// <summary>
/// Finds fields of a body that are unknown, have another form, or occur twice, of which protobuf's parser would take
/// the last. Values are validated by that parser. Pure functions.
/// </summary>
internal static class JsonBody
{
    private const int MaxProblems = 20;

    /// <summary>Maximum number of items of a list or map that are inspected.</summary>
    private const int MaxItems = 1000;

    private static readonly JsonParser Parser = new(JsonParser.Settings.Default);

    /// <param name="body">A JSON object.</param>
    /// <returns>Violations by field, as named in the body; a limited number.</returns>
    public static IReadOnlyList<FieldViolation> Problems(JsonElement body, MessageDescriptor type) =>
        [.. InMessage(body, type, "").Take(MaxProblems)];

    private static IEnumerable<FieldViolation> InMessage(JsonElement message, MessageDescriptor type, string path)
    {
        var given = new HashSet<FieldDescriptor>();
        foreach (var property in message.EnumerateObject())
        {
            var field = type.Fields.InDeclarationOrder().FirstOrDefault(f => Is(f, property.Name));
            var name = field?.JsonName ?? Fields.Short(property.Name);
            var at = path.Length == 0 ? name : $"{path}.{name}";
            if (field is null)
                yield return new FieldViolation(at, $"is not a field of this request{Meant(property.Name, type)}");
            else if (!given.Add(field))
                yield return new FieldViolation(at, "is given more than once");
            else if (property.Value.ValueKind != JsonValueKind.Null)
                foreach (var problem in InField(property.Value, field, at))
                    yield return problem;
        }
    }

    private static IEnumerable<FieldViolation> InField(JsonElement value, FieldDescriptor field, string at) =>
        field.IsMap ? InMap(value, field, at)
        : field.IsRepeated ? InList(value, field, at)
        : IsMessage(field)
            ? value.ValueKind == JsonValueKind.Object ? InMessage(value, field.MessageType, at)
                : [new FieldViolation(at, "must be an object")]
        : Parses(field, value.GetRawText()) ? []
        : [new FieldViolation(at, $"must be {Kind(field)}")];

    private static IEnumerable<FieldViolation> InList(JsonElement value, FieldDescriptor field, string at)
    {
        if (value.ValueKind != JsonValueKind.Array)
            return [new FieldViolation(at, "must be a list")];
        if (!IsMessage(field) && Parses(field, value.GetRawText()))
            return [];
        return value
            .EnumerateArray()
            .Take(MaxItems)
            .SelectMany(
                (item, i) =>
                {
                    var place = string.Create(CultureInfo.InvariantCulture, $"{at}[{i}]");
                    return !IsMessage(field)
                        ? Parses(field, $"[{item.GetRawText()}]")
                            ? []
                            : [new FieldViolation(place, $"must be {Kind(field)}")]
                        : item.ValueKind == JsonValueKind.Object
                            ? InMessage(item, field.MessageType, place)
                            : [new FieldViolation(place, "must be an object")];
                }
            );
    }

    /// <summary>Inspects a map. Maps of the API have string keys, and values that are not messages.</summary>
    private static IEnumerable<FieldViolation> InMap(JsonElement value, FieldDescriptor field, string at)
    {
        if (value.ValueKind != JsonValueKind.Object)
            return [new FieldViolation(at, "must be an object")];
        var keys = new HashSet<string>();
        var twice = value
            .EnumerateObject()
            .Where(entry => !keys.Add(entry.Name))
            .Select(entry => new FieldViolation($"{at}[{Fields.Short(entry.Name)}]", "is given more than once"))
            .ToList();
        if (Parses(field, value.GetRawText()))
            return twice;
        var kind = Kind(field.MessageType.FindFieldByNumber(2));
        return value
            .EnumerateObject()
            .Take(MaxItems)
            .Where(entry => !Parses(field, $"{{\"key\":{entry.Value.GetRawText()}}}"))
            .Select(entry => new FieldViolation($"{at}[{Fields.Short(entry.Name)}]", $"must be {kind}"))
            .Concat(twice);
    }

    private static bool Parses(FieldDescriptor field, string value)
    {
        try
        {
            Parser.Parse($"{{\"{field.JsonName}\":{value}}}", field.ContainingType);
            return true;
        }
        catch (Exception e)
            when (e is InvalidProtocolBufferException or InvalidJsonException or InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>Describes the expected value of a field.</summary>
    public static string Kind(FieldDescriptor field) =>
        field.FieldType switch
        {
            FieldType.Bool => "true or false",
            FieldType.String => "a text",
            FieldType.Bytes => "bytes in base64",
            FieldType.Enum => $"one of {string.Join(", ", field.EnumType.Values.Select(v => v.Name))}",
            FieldType.Float or FieldType.Double => "a number",
            FieldType.Message when field.MessageType == Timestamp.Descriptor => "a time such as 2026-01-31T12:00:00Z",
            FieldType.Message when field.MessageType == Duration.Descriptor => "a duration such as 1.5s",
            FieldType.Message when field.MessageType == FieldMask.Descriptor =>
                "a text of names of fields with commas between them",
            FieldType.Int32 or FieldType.SInt32 or FieldType.SFixed32 =>
                $"a whole number from {int.MinValue} to {int.MaxValue}",
            FieldType.UInt32 or FieldType.Fixed32 => $"a whole number from 0 to {uint.MaxValue}",
            _ => "a whole number",
        };

    /// <summary>Whether the field's value is a JSON object. Times, durations and masks are strings in JSON.</summary>
    private static bool IsMessage(FieldDescriptor field) =>
        field.FieldType == FieldType.Message && field.MessageType.File.Package != Timestamp.Descriptor.File.Package;

    private static bool Is(FieldDescriptor field, string name) => name == field.JsonName || name == field.Name;

    private static string Meant(string name, MessageDescriptor type) =>
        Nearest.To(Fields.Short(name), type.Fields.InDeclarationOrder().Select(f => f.JsonName)) is { } near
            ? $"; did you mean {near}?"
            : "";
}
