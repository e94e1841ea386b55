using System.Collections.Immutable;

namespace Coder.Mesh.ControlPlane.Providers;

/// <summary>What a provider's details say of the objects of its workspaces; each keeps those it was started with.</summary>
public sealed record WorkspaceDetails
{
    private static readonly ImmutableSortedDictionary<string, string> Empty = ImmutableSortedDictionary.Create<
        string,
        string
    >(StringComparer.Ordinal);

    // After what its properties begin with.
    public static readonly WorkspaceDetails None = new();

    public ImmutableArray<Toleration> Tolerations { get; init; } = [];

    public ImmutableSortedDictionary<string, string> NodeSelector { get; init; } = Empty;

    /// <summary>A Kubernetes Affinity as JSON; null for the agent's default.</summary>
    public string? Affinity { get; init; }

    /// <summary>Of a provider, values are templates; of a workspace, they are filled in.</summary>
    public ImmutableSortedDictionary<string, string> ServiceAccountAnnotations { get; init; } = Empty;

    /// <summary>Names of Secrets.</summary>
    public ImmutableArray<string> ImagePullSecrets { get; init; } = [];

    /// <summary>Compares by content, which the equality of records doesn't do for lists and maps.</summary>
    public bool SameAs(WorkspaceDetails other) =>
        Tolerations.SequenceEqual(other.Tolerations)
        && NodeSelector.SequenceEqual(other.NodeSelector)
        && Affinity == other.Affinity
        && ServiceAccountAnnotations.SequenceEqual(other.ServiceAccountAnnotations)
        && ImagePullSecrets.SequenceEqual(other.ImagePullSecrets);
}

/// <summary>In Kubernetes' words; what is empty or null is Kubernetes' default.</summary>
public sealed record Toleration(string Key, string Operator, string Value, string Effect, long? Seconds);
