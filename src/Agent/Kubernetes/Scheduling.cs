using System.Text.Json;
using Coder.Mesh.V1;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>Determines the nodes for a workspace's pod by its provider's details. Pure functions.</summary>
internal static class Scheduling
{
    // Fills nodes one after another, so that an autoscaler can remove empty ones.
    private static readonly JsonElement PreferNodesWithWorkspaces = Parsed(
        $$"""
        {
          "podAffinity": {
            "preferredDuringSchedulingIgnoredDuringExecution": [
              {
                "podAffinityTerm": {
                  "labelSelector": { "matchLabels": { "{{Names.Resource}}": "{{Names.ResourceValue}}" } },
                  "topologyKey": "kubernetes.io/hostname"
                },
                "weight": 1
              }
            ]
          }
        }
        """
    );

    public static IList<V1Toleration>? Tolerations(WorkspaceDetails? details) =>
        details is not { Tolerations.Count: > 0 }
            ? null
            :
            [
                .. details.Tolerations.Select(t => new V1Toleration
                {
                    Key = OrNone(t.Key),
                    Operator = OrNone(t.Operator),
                    Value = OrNone(t.Value),
                    Effect = OrNone(t.Effect),
                    TolerationSeconds = t.HasTolerationSeconds ? t.TolerationSeconds : null,
                }),
            ];

    // Sorted, since any other order would be a change.
    public static IDictionary<string, string>? NodeSelector(WorkspaceDetails? details) =>
        details is not { NodeSelector.Count: > 0 }
            ? null
            : new SortedDictionary<string, string>(details.NodeSelector, StringComparer.Ordinal);

    /// <summary>Returns the affinity as given; the API server validates it.</summary>
    /// <exception cref="FormatException">The text is not JSON.</exception>
    public static JsonElement? Affinity(WorkspaceDetails? details)
    {
        if (details is not { HasAffinity: true })
            return PreferNodesWithWorkspaces;
        try
        {
            var affinity = Parsed(details.Affinity);
            return affinity.ValueKind == JsonValueKind.Object && affinity.GetPropertyCount() == 0 ? null : affinity;
        }
        catch (JsonException e)
        {
            throw new FormatException("The affinity of the provider's details is not JSON.", e);
        }
    }

    private static JsonElement Parsed(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }

    private static string? OrNone(string text) => text.Length > 0 ? text : null;
}
