using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>
/// Owners of an object's fields by <c>metadata.managedFields</c>: whoever changes a field takes it from its previous
/// owner. Reduced to what is needed to find out whether the agent's fields are unchanged.
/// </summary>
/// <param name="Ours">
/// For each manager of an agent that has applied the object, a hash of the names of its fields.
/// </param>
/// <param name="Others">Other managers of the object's relevant fields; empty if there are none.</param>
/// <param name="OthersHash">Hash of the names of those fields; empty if there are none.</param>
[JsonConverter(typeof(FieldOwnersConverter))]
internal sealed record FieldOwners(IReadOnlyList<OwnFields> Ours, string Others, string OthersHash)
{
    public static readonly FieldOwners None = new([], "", "");

    /// <summary>When an agent last changed the object by an apply; null if unknown.</summary>
    public DateTimeOffset? AppliedAt => Ours.Max(o => o.At);

    public string? HashOf(string manager) => Of(manager).Hash;

    public OwnFields Of(string manager) => Ours.FirstOrDefault(o => o.Manager == manager);
}

/// <param name="At">When the manager last changed the object; an apply without changes does not count.</param>
internal readonly record struct OwnFields(string Manager, string Hash, DateTimeOffset? At);

internal sealed class FieldOwnersConverter : JsonConverter<FieldOwners>
{
    private const int MaxManagers = 3;

    // The API server's name for fields that existed before the first apply, or after the field managers were removed.
    private const string BeforeFirstApply = "before-first-apply";

    // Fields that the cluster and others add, none of which the agent sets.
    private static readonly HashSet<string> Additions = ["f:metadata", "f:status", "f:secrets", "f:imagePullSecrets"];

    public override FieldOwners Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using var document = JsonDocument.ParseValue(ref reader);
        var ours = new List<OwnFields>();
        var others = new List<(string Manager, string Fields)>();
        foreach (var entry in document.RootElement.EnumerateArray())
        {
            var manager = Text(entry, "manager");
            if (Text(entry, "subresource") == "status" || !entry.TryGetProperty("fieldsV1", out var fields))
                continue;
            if (manager.StartsWith(Names.FieldManagerPrefix, StringComparison.Ordinal))
            {
                // Interned, because there are few managers and thousands of objects.
                if (Text(entry, "operation") == "Apply")
                    ours.Add(new OwnFields(string.Intern(manager), Hash(fields.GetRawText()), Time(entry)));
            }
            else if (manager != BeforeFirstApply && fields.EnumerateObject().Any(f => !Additions.Contains(f.Name)))
            {
                others.Add((manager, fields.GetRawText()));
            }
        }

        return new FieldOwners(
            ours.ToArray(),
            string.Intern(string.Join(", ", others.Select(o => o.Manager).Distinct().Take(MaxManagers))),
            others.Count == 0 ? "" : Hash(string.Concat(others.Select(o => o.Fields)))
        );
    }

    public override void Write(Utf8JsonWriter writer, FieldOwners value, JsonSerializerOptions options) =>
        throw new NotSupportedException();

    private static string Text(JsonElement entry, string property) =>
        entry.TryGetProperty(property, out var value) ? value.GetString() ?? "" : "";

    private static DateTimeOffset? Time(JsonElement entry) =>
        entry.TryGetProperty("time", out var value) && value.TryGetDateTimeOffset(out var at) ? at : null;

    private static string Hash(string fields) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(fields)), 0, 8);
}
