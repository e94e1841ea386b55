using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>
/// Who has set which fields of an object, as the API server keeps it (<c>metadata.managedFields</c>): whoever changes a field
/// that another had set takes it from them. So much of it as tells whether what the agent has set is still as it was.
/// </summary>
/// <param name="Ours">For each manager of an agent that has applied the object, a hash of the names of its fields.</param>
/// <param name="Others">Who else has set fields of what the object should be; empty if nobody.</param>
/// <param name="OthersHash">Of the names of those fields; empty if there are none.</param>
[JsonConverter(typeof(FieldOwnersConverter))]
internal sealed record FieldOwners(IReadOnlyList<OwnFields> Ours, string Others, string OthersHash)
{
    public static readonly FieldOwners None = new([], "", "");

    /// <summary>When an agent last changed the object by an apply; null if that is not known.</summary>
    public DateTimeOffset? AppliedAt => Ours.Max(o => o.At);

    public string? HashOf(string manager) => Of(manager).Hash;

    public OwnFields Of(string manager) => Ours.FirstOrDefault(o => o.Manager == manager);
}

/// <param name="At">When the manager last changed the object; an apply that changes nothing leaves it.</param>
internal readonly record struct OwnFields(string Manager, string Hash, DateTimeOffset? At);

internal sealed class FieldOwnersConverter : JsonConverter<FieldOwners>
{
    private const int MaxManagers = 3;

    // The API server's name for what an object had when it was applied for the first time, or after its field managers were
    // removed: nobody has changed that since.
    private const string BeforeFirstApply = "before-first-apply";

    // What the cluster itself, or whoever likes, adds to what an object should be; the agent sets none of it.
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
                // There are few of them, and thousands of objects.
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
