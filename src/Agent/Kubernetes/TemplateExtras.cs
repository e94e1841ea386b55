using System.Text.Json;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>A field in the pod template of a Deployment that the agent has not set.</summary>
/// <param name="Path">In the API server's form, for example <c>.spec.template.spec.nodeSelector</c>.</param>
/// <param name="Manager">
/// The field manager that has set it; null if none is recorded, as for fields that a webhook adds.
/// </param>
/// <param name="Applied">Whether the manager declares it by server-side apply, and would set it again.</param>
internal sealed record ExtraField(string Path, string? Manager, bool Applied);

/// <summary>
/// Finds fields of a pod template that were not applied and that change how a pod runs. Ignores values that the API
/// server fills in. Pure functions.
/// </summary>
internal static class TemplateExtras
{
    private static readonly string[] Root = ["f:spec", "f:template", "f:spec"];

    private static readonly HashSet<string> PodFields =
    [
        "activeDeadlineSeconds",
        "affinity",
        "containers",
        "dnsConfig",
        "hostAliases",
        "hostIPC",
        "hostNetwork",
        "hostPID",
        "hostUsers",
        "hostname",
        "imagePullSecrets",
        "initContainers",
        "nodeName",
        "nodeSelector",
        "overhead",
        "preemptionPolicy",
        "priority",
        "priorityClassName",
        "readinessGates",
        "resourceClaims",
        "resources",
        "runtimeClassName",
        "schedulingGates",
        "securityContext",
        "setHostnameAsFQDN",
        "shareProcessNamespace",
        "subdomain",
        "tolerations",
        "topologySpreadConstraints",
        "volumes",
    ];

    private static readonly HashSet<string> ContainerFields =
    [
        "args",
        "env",
        "envFrom",
        "lifecycle",
        "livenessProbe",
        "ports",
        "readinessProbe",
        "resizePolicy",
        "resources",
        "restartPolicy",
        "securityContext",
        "startupProbe",
        "stdin",
        "tty",
        "volumeDevices",
        "volumeMounts",
        "workingDir",
    ];

    // Fields that the API server fills in.
    private static readonly Dictionary<string, string> Defaults = new()
    {
        ["dnsPolicy"] = "ClusterFirst",
        ["terminationGracePeriodSeconds"] = "30",
    };

    /// <param name="live">The Deployment in the cluster, just after the agent applied it.</param>
    /// <param name="wanted">The applied specification of the pod.</param>
    /// <param name="isOwn">Whether a field manager is the agent's.</param>
    public static IReadOnlyList<ExtraField> Of(DeploymentContent live, JsonElement wanted, Predicate<string> isOwn)
    {
        var spec = live.Spec.Template.Spec;
        var paths = Defaults
            .Where(d => spec.TryGetProperty(d.Key, out var value) && value.ToString() != d.Value)
            .Select(d => (IReadOnlyList<string>)[.. Root, $"f:{d.Key}"])
            .Concat(OfObject(spec, wanted, Root, PodFields.Contains));
        return [.. paths.Select(path => Attributed(path, live.Metadata.ManagedFields, isOwn))];
    }

    private static IEnumerable<IReadOnlyList<string>> OfObject(
        JsonElement live,
        JsonElement wanted,
        IReadOnlyList<string> path,
        Predicate<string>? counts = null
    ) =>
        live.EnumerateObject()
            .Where(p => counts is null || counts(p.Name))
            .SelectMany(p => OfField(p.Name, p.Value, wanted, [.. path, $"f:{p.Name}"]));

    private static IEnumerable<IReadOnlyList<string>> OfField(
        string name,
        JsonElement live,
        JsonElement wanted,
        IReadOnlyList<string> path
    ) =>
        !wanted.TryGetProperty(name, out var ours) ? [path]
        : live.ValueKind == JsonValueKind.Array && ours.ValueKind == JsonValueKind.Array
            ? OfList(name, live, ours, path)
        : live.ValueKind == JsonValueKind.Object && ours.ValueKind == JsonValueKind.Object
            // The contents of an affinity were applied as given, and may be written in another form by the API server.
            ? OfObject(live, ours, path).Where(p => name != "affinity" || p.Count == path.Count + 1)
        : [];

    private static IEnumerable<IReadOnlyList<string>> OfList(
        string name,
        JsonElement live,
        JsonElement wanted,
        IReadOnlyList<string> path
    )
    {
        var key = name == "volumeMounts" ? "mountPath" : "name";
        // Items without names are owned as a whole or by value, so only additional ones can be detected.
        if (live.EnumerateArray().Any(i => KeyOf(i, key) is null))
            return live.GetArrayLength() > wanted.GetArrayLength() ? [path] : [];
        var ours = wanted.EnumerateArray().ToLookup(i => KeyOf(i, key));
        return live.EnumerateArray()
            .SelectMany(item =>
            {
                IReadOnlyList<string> itemPath = [.. path, $"k:{{\"{key}\":{JsonValue(KeyOf(item, key)!)}}}"];
                return !ours.Contains(KeyOf(item, key)) ? [itemPath]
                    : name == "containers"
                        ? OfObject(item, ours[KeyOf(item, key)].First(), itemPath, ContainerFields.Contains)
                    : [];
            });
    }

    private static string? KeyOf(JsonElement item, string key) =>
        item.ValueKind == JsonValueKind.Object && item.TryGetProperty(key, out var value) ? value.GetString() : null;

    private static string JsonValue(string text) => $"\"{JsonEncodedText.Encode(text)}\"";

    private static ExtraField Attributed(IReadOnlyList<string> path, JsonElement? managed, Predicate<string> isOwn)
    {
        var text = string.Concat(
            path.Select(s => s[0] == 'f' ? $".{s[2..]}" : $"[{s[4..^1].Replace("\":", "=", StringComparison.Ordinal)}]")
        );
        if (managed is not { ValueKind: JsonValueKind.Array } entries)
            return new(text, null, false);
        foreach (var entry in entries.EnumerateArray())
            if (
                KeyOf(entry, "manager") is { } manager
                && !isOwn(manager)
                && entry.TryGetProperty("fieldsV1", out var fields)
                && Owns(fields, path)
            )
                return new(text, manager, KeyOf(entry, "operation") == "Apply");
        return new(text, null, false);
    }

    private static bool Owns(JsonElement fields, IReadOnlyList<string> path)
    {
        foreach (var step in path)
        {
            if (fields.TryGetProperty(step, out var next))
                fields = next;
            else
                // A field that is owned as a whole has no parts.
                return fields.ValueKind == JsonValueKind.Object && fields.GetPropertyCount() == 0;
        }

        return true;
    }
}
