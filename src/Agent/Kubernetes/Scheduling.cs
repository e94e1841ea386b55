using System.Text.Json;
using System.Text.Json.Serialization;
using Coder.Mesh.Agent.Reconcile;
using Coder.Mesh.V1;
using k8s.Models;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>Which nodes a workspace's pod may run on, as its provider's details say: a pure function.</summary>
internal static class Scheduling
{
    // What isn't known would be dropped in silence, and the pod run where it shouldn't.
    private static readonly KubernetesJsonContext Strict = new(
        new JsonSerializerOptions(KubernetesJsonContext.Default.Options)
        {
            UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        }
    );

    public static IList<V1Toleration>? Tolerations(WorkspaceDetails? details) =>
        details is not { Tolerations.Count: > 0 }
            ? null
            :
            [
                .. details.Tolerations.Select(t => new V1Toleration
                {
                    Key = OrNone(t.Key),
                    OperatorProperty = OrNone(t.Operator),
                    Value = OrNone(t.Value),
                    Effect = OrNone(t.Effect),
                    TolerationSeconds = t.HasTolerationSeconds ? t.TolerationSeconds : null,
                }),
            ];

    // In one order, or each apply would be a change.
    public static IDictionary<string, string>? NodeSelector(WorkspaceDetails? details) =>
        details is not { NodeSelector.Count: > 0 }
            ? null
            : new SortedDictionary<string, string>(details.NodeSelector, StringComparer.Ordinal);

    /// <exception cref="ClusterException">It is no Affinity that the agent knows.</exception>
    public static V1Affinity? Affinity(WorkspaceDetails? details)
    {
        if (details is not { HasAffinity: true })
            return PreferNodesWithWorkspaces();
        try
        {
            var affinity = JsonSerializer.Deserialize(details.Affinity, Strict.V1Affinity);
            return affinity is { NodeAffinity: null, PodAffinity: null, PodAntiAffinity: null } ? null : affinity;
        }
        catch (JsonException e)
        {
            throw new ClusterException(
                ClusterCodes.InvalidDetails,
                $"The affinity of the provider's details is no Kubernetes Affinity: {e.Message}",
                transient: false,
                e
            );
        }
    }

    // Fills nodes one after another, so that an autoscaler finds empty ones to take away.
    private static V1Affinity PreferNodesWithWorkspaces() =>
        new()
        {
            PodAffinity = new V1PodAffinity
            {
                PreferredDuringSchedulingIgnoredDuringExecution =
                [
                    new V1WeightedPodAffinityTerm
                    {
                        Weight = 1,
                        PodAffinityTerm = new V1PodAffinityTerm
                        {
                            TopologyKey = "kubernetes.io/hostname",
                            LabelSelector = new V1LabelSelector
                            {
                                MatchLabels = new Dictionary<string, string> { [Names.Resource] = Names.ResourceValue },
                            },
                        },
                    },
                ],
            },
        };

    private static string? OrNone(string text) => text.Length > 0 ? text : null;
}
