using System.Collections.Immutable;
using Coder.Mesh.ControlPlane.Providers;
using Proto = Coder.Mesh.V1;

namespace Coder.Mesh.ControlPlane.Mapping;

/// <summary>Maps the workspace settings of a provider's details to and from protos.</summary>
internal static class DetailsMapping
{
    public static Proto.WorkspaceDetails ToProto(WorkspaceDetails details)
    {
        var mapped = new Proto.WorkspaceDetails
        {
            Tolerations = { details.Tolerations.Select(ToProto) },
            NodeSelector = { details.NodeSelector },
            ServiceAccountAnnotations = { details.ServiceAccountAnnotations },
            ImagePullSecrets = { details.ImagePullSecrets },
        };
        if (details.Affinity is { } affinity)
            mapped.Affinity = affinity;
        return mapped;
    }

    public static Proto.Toleration ToProto(Toleration toleration)
    {
        var mapped = new Proto.Toleration
        {
            Key = toleration.Key,
            Operator = toleration.Operator,
            Value = toleration.Value,
            Effect = toleration.Effect,
        };
        if (toleration.Seconds is { } seconds)
            mapped.TolerationSeconds = seconds;
        return mapped;
    }

    public static ImmutableArray<Toleration> FromProto(IEnumerable<Proto.Toleration> tolerations) =>
        [
            .. tolerations.Select(t => new Toleration(
                t.Key,
                t.Operator,
                t.Value,
                t.Effect,
                t.HasTolerationSeconds ? t.TolerationSeconds : null
            )),
        ];

    public static ImmutableSortedDictionary<string, string> FromProto(IDictionary<string, string> map) =>
        map.ToImmutableSortedDictionary(StringComparer.Ordinal);
}
