using System.Text.Json.Nodes;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;

namespace Coder.Mesh.ControlPlane.Api.Json;

/// <summary>
/// Schemas of messages and enums in protobuf's JSON form. Each is created once and referenced by name.
/// </summary>
internal sealed class OpenApiSchemas
{
    private const string ErrorName = "Error";

    public OpenApiSchemas() => All = new JsonObject { [ErrorName] = ErrorSchema() };

    public JsonObject All { get; }

    /// <summary>Schema of all errors.</summary>
    public JsonObject Error => Reference(ErrorName);

    /// <summary>Schema of a request without the fields that are in the path.</summary>
    public JsonObject Body(MessageDescriptor type, IReadOnlyList<FieldDescriptor> fields) => Named(type, fields);

    public JsonObject Of(MessageDescriptor type) =>
        type == Timestamp.Descriptor ? Text("date-time")
        : type == Duration.Descriptor ? Text("duration", "Seconds, such as 1.5s.")
        : type == FieldMask.Descriptor ? Text("field-mask", "Names of fields with commas between them.")
        : Named(type, type.Fields.InDeclarationOrder());

    public JsonObject Of(FieldDescriptor field)
    {
        if (field.IsMap)
            return new JsonObject
            {
                ["type"] = "object",
                ["additionalProperties"] = One(field.MessageType.FindFieldByNumber(2)),
            };
        return field.IsRepeated ? new JsonObject { ["type"] = "array", ["items"] = One(field) } : One(field);
    }

    private JsonObject One(FieldDescriptor field) =>
        field.FieldType switch
        {
            FieldType.Message => Of(field.MessageType),
            FieldType.Enum => Named(field.EnumType),
            FieldType.String => new JsonObject { ["type"] = "string" },
            FieldType.Bytes => Text("byte"),
            FieldType.Bool => new JsonObject { ["type"] = "boolean" },
            FieldType.Int32 or FieldType.SInt32 or FieldType.SFixed32 => Number("integer", "int32"),
            FieldType.UInt32 or FieldType.Fixed32 => Number("integer", "int64", minimum: 0),
            // A JSON number cannot hold all of them.
            FieldType.Int64 or FieldType.SInt64 or FieldType.SFixed64 => Text("int64"),
            FieldType.UInt64 or FieldType.Fixed64 => Text("uint64"),
            FieldType.Float => Number("number", "float"),
            FieldType.Double => Number("number", "double"),
            _ => throw new ArgumentOutOfRangeException(nameof(field), field.FieldType, "has no form in JSON"),
        };

    private JsonObject Named(MessageDescriptor type, IEnumerable<FieldDescriptor> fields)
    {
        var name = NameOf(type);
        if (All.ContainsKey(name))
            return Reference(name);
        var properties = new JsonObject();
        var schema = new JsonObject { ["type"] = "object" };
        ProtoComments.Describe(schema, type);
        // Added before its fields, which may have the same type.
        All[name] = schema;
        foreach (var field in fields)
            properties[field.JsonName] = Property(field);
        schema["properties"] = properties;
        return Reference(name);
    }

    private JsonObject Property(FieldDescriptor field)
    {
        var schema = Of(field);
        if (ProtoComments.Of(field).Length == 0)
            return schema;
        // Siblings of a reference are ignored.
        if (schema.ContainsKey("$ref"))
            schema = new JsonObject { ["allOf"] = new JsonArray(schema) };
        ProtoComments.Describe(schema, field);
        return schema;
    }

    private JsonObject Named(EnumDescriptor type)
    {
        if (!All.ContainsKey(type.Name))
        {
            var schema = Text(null);
            ProtoComments.Describe(schema, type);
            schema["enum"] = new JsonArray([.. type.Values.Select(v => JsonValue.Create(v.Name))]);
            All[type.Name] = schema;
        }

        return Reference(type.Name);
    }

    /// <summary>Name in the protos, without the package.</summary>
    private static string NameOf(MessageDescriptor type) =>
        type.FullName[(type.File.Package.Length + 1)..].Replace('.', '_');

    private static JsonObject Reference(string name) => new() { ["$ref"] = $"#/components/schemas/{name}" };

    private static JsonObject Text(string? format, string? description = null)
    {
        var schema = new JsonObject { ["type"] = "string" };
        if (format is not null)
            schema["format"] = format;
        if (description is not null)
            schema["description"] = description;
        return schema;
    }

    private static JsonObject Number(string type, string format, int? minimum = null)
    {
        var schema = new JsonObject { ["type"] = type, ["format"] = format };
        if (minimum is { } least)
            schema["minimum"] = least;
        return schema;
    }

    private static JsonObject ErrorSchema() =>
        new()
        {
            ["type"] = "object",
            ["description"] = "A google.rpc.Status.",
            ["properties"] = new JsonObject
            {
                ["code"] = Number("integer", "int32"),
                ["message"] = Text(null, "For a person; not stable."),
                ["details"] = new JsonObject
                {
                    ["type"] = "array",
                    ["items"] = new JsonObject
                    {
                        ["type"] = "object",
                        ["description"] = "A google.rpc.ErrorInfo, BadRequest or PreconditionFailure.",
                        ["properties"] = new JsonObject { ["@type"] = Text(null) },
                        ["additionalProperties"] = true,
                    },
                },
            },
        };
}
