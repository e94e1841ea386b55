using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Providers;

/// <summary>Formats details for people. Those that apply to workspaces are left out if they are not set.</summary>
internal static class DetailText
{
    public static Fields AddDetails(this Fields facts, ProviderDetails? details)
    {
        foreach (var (label, value) in new DetailOptions().Texts(details ?? new ProviderDetails()))
            facts.Add(label, value);
        return details is null
            ? facts
            : facts.Add(
                details.Tolerations,
                details.NodeSelector,
                details.HasAffinity ? details.Affinity : null,
                details.ServiceAccountAnnotations,
                details.ImagePullSecrets
            );
    }

    public static Fields AddDetails(this Fields facts, WorkspaceDetails? details) =>
        details is null
            ? facts
            : facts.Add(
                details.Tolerations,
                details.NodeSelector,
                details.HasAffinity ? details.Affinity : null,
                details.ServiceAccountAnnotations,
                details.ImagePullSecrets
            );

    private static Fields Add(
        this Fields facts,
        IEnumerable<Toleration> tolerations,
        IDictionary<string, string> nodeSelector,
        string? affinity,
        IDictionary<string, string> annotations,
        IEnumerable<string> imagePullSecrets
    ) =>
        facts
            .AddIfAny("Tolerations", string.Join(", ", tolerations.Select(NodeOptions.Text)))
            .AddIfAny("Node selector", Pairs(nodeSelector))
            .AddIfAny("Affinity", affinity == "{}" ? NodeOptions.NoAffinity : affinity)
            .AddIfAny("Annotations", Pairs(annotations))
            .AddIfAny("Pull secrets", string.Join(", ", imagePullSecrets));

    private static string Pairs(IDictionary<string, string> map) =>
        string.Join(", ", map.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => $"{p.Key}={p.Value}"));
}
