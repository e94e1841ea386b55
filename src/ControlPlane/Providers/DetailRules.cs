using System.Collections.Immutable;
using System.Text.Json;
using System.Text.RegularExpressions;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.Shared;

namespace Coder.Mesh.ControlPlane.Providers;

/// <summary>
/// Validates the workspace settings of a provider's details by the rules of Kubernetes, before anything is stored.
/// </summary>
internal static partial class DetailRules
{
    private const int MaxEntries = 20;
    private const int MaxAffinity = 8 * 1024;
    private const string OwnPrefix = "mesh.coder.com/";

    private static readonly string[] Operators = ["", "Equal", "Exists"];
    private static readonly string[] Effects = ["", "NoSchedule", "PreferNoSchedule", "NoExecute"];
    private static readonly string[] AffinityParts = ["nodeAffinity", "podAffinity", "podAntiAffinity"];

    public static Fields Workspaces(this Fields fields, WorkspaceDetails details) =>
        fields
            .Tolerations(details.Tolerations)
            .NodeSelector(details.NodeSelector)
            .Affinity(details.Affinity)
            .Annotations(details.ServiceAccountAnnotations)
            .ImagePullSecrets(details.ImagePullSecrets);

    private static Fields Tolerations(this Fields fields, ImmutableArray<Toleration> tolerations)
    {
        const string Field = "details.tolerations";
        if (tolerations.Length > MaxEntries)
            return fields.Violated(Field, $"must have at most {MaxEntries} entries, has {tolerations.Length}");
        foreach (var toleration in tolerations)
            if (Violation(toleration) is { } rule)
                fields.Violated(Field, rule);
        return fields;
    }

    // https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/
    private static string? Violation(Toleration t)
    {
        if (!Operators.Contains(t.Operator))
            return $"\"{Fields.Short(t.Operator)}\" is not an operator: must be Equal or Exists";
        if (!Effects.Contains(t.Effect))
            return $"\"{Fields.Short(t.Effect)}\" is not an effect: must be NoSchedule, PreferNoSchedule or NoExecute";
        if (t.Key.Length > 0 && !IsQualifiedName(t.Key))
            return NotAKey(t.Key);
        if (t.Key.Length == 0 && t.Operator != "Exists")
            return "one without a key, which is for every taint, must have the operator Exists";
        if (t is { Operator: "Exists", Value.Length: > 0 })
            return $"\"{Fields.Short(t.Key)}\": must not have a value with the operator Exists";
        if (!LabelValue().IsMatch(t.Value))
            return NotAValue(t.Value);
        return t is { Seconds: not null, Effect: not "NoExecute" }
            ? $"\"{Fields.Short(t.Key)}\": toleration_seconds are for the effect NoExecute only"
            : null;
    }

    private static Fields NodeSelector(this Fields fields, ImmutableSortedDictionary<string, string> labels)
    {
        const string Field = "details.node_selector";
        if (labels.Count > MaxEntries)
            return fields.Violated(Field, $"must have at most {MaxEntries} labels, has {labels.Count}");
        foreach (var (key, value) in labels)
        {
            if (!IsQualifiedName(key))
                fields.Violated(Field, NotAKey(key));
            if (!LabelValue().IsMatch(value))
                fields.Violated(Field, NotAValue(value));
        }

        return fields;
    }

    private static Fields Affinity(this Fields fields, string? affinity)
    {
        const string Field = "details.affinity";
        if (affinity is null)
            return fields;
        if (affinity.Length > MaxAffinity)
            return fields.Violated(Field, $"must be at most {MaxAffinity} characters, has {affinity.Length}");
        try
        {
            using var json = JsonDocument.Parse(affinity);
            if (json.RootElement.ValueKind != JsonValueKind.Object)
                return fields.Violated(Field, "must be one JSON object, a Kubernetes Affinity");
            foreach (var part in json.RootElement.EnumerateObject().Where(p => !AffinityParts.Contains(p.Name)))
                fields.Violated(Field, $"\"{Fields.Short(part.Name)}\" is none of {string.Join(", ", AffinityParts)}");
            return fields;
        }
        catch (JsonException e)
        {
            return fields.Violated(
                Field,
                $"must be JSON, a Kubernetes Affinity: line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1} isn't"
            );
        }
    }

    private static Fields Annotations(this Fields fields, ImmutableSortedDictionary<string, string> annotations)
    {
        const string Field = "details.service_account_annotations";
        if (annotations.Count > MaxEntries)
            return fields.Violated(Field, $"must have at most {MaxEntries} entries, has {annotations.Count}");
        foreach (var (key, value) in annotations)
        {
            if (!IsQualifiedName(key))
                fields.Violated(Field, NotAKey(key));
            else if (key.StartsWith(OwnPrefix, StringComparison.Ordinal))
                fields.Violated(Field, $"\"{key}\": those of {OwnPrefix} are set by Coder.Mesh");
            if (value.Length > Fields.MaxText || !CleanText.IsSafe(value))
                fields.Violated(
                    Field,
                    $"\"{Fields.Short(key)}\": must be at most {Fields.MaxText} characters, none of them a control or formatting character"
                );
            else if (UserEmailTemplate.Violation(value) is { } rule)
                fields.Violated(Field, $"\"{Fields.Short(key)}\": {rule}");
        }

        return fields;
    }

    private static Fields ImagePullSecrets(this Fields fields, ImmutableArray<string> secrets)
    {
        const string Field = "details.image_pull_secrets";
        if (secrets.Length > MaxEntries)
            return fields.Violated(Field, $"must name at most {MaxEntries} Secrets, names {secrets.Length}");
        foreach (var secret in secrets.Where(name => !Fields.IsSecretName(name)))
            fields.Violated(Field, Fields.NotASecret(secret));
        foreach (var twice in secrets.GroupBy(name => name).Where(g => g.Count() > 1))
            fields.Violated(Field, $"must not name \"{Fields.Short(twice.Key)}\" twice");
        return fields;
    }

    private static bool IsQualifiedName(string key)
    {
        var slash = key.IndexOf('/', StringComparison.Ordinal);
        return (slash < 0 || (slash is > 0 and <= 253 && Fields.IsSubdomain(key[..slash])))
            && QualifiedName().IsMatch(key[(slash + 1)..]);
    }

    private static string NotAKey(string key) =>
        $"\"{Fields.Short(key)}\" is not a Kubernetes key: at most 63 letters, digits, '-', '_' and '.', "
        + "beginning and ending with a letter or digit, after a DNS name and '/' if any";

    private static string NotAValue(string value) =>
        $"\"{Fields.Short(value)}\" is not a label value: at most 63 letters, digits, '-', '_' and '.', "
        + "beginning and ending with a letter or digit";

    // https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
    [GeneratedRegex(@"^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?\z", RegexOptions.CultureInvariant)]
    private static partial Regex QualifiedName();

    [GeneratedRegex(@"^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?\z", RegexOptions.CultureInvariant)]
    private static partial Regex LabelValue();
}
