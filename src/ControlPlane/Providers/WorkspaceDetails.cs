using System.Collections.Immutable;

namespace Coder.Mesh.ControlPlane.Providers;

/// <summary>
/// Settings for the objects of a provider's workspaces. Each workspace keeps those it was started with.
/// </summary>
public sealed record WorkspaceDetails
{
    private static readonly ImmutableSortedDictionary<string, string> Empty = ImmutableSortedDictionary.Create<
        string,
        string
    >(StringComparer.Ordinal);

    // Below the properties that its initializer uses.
    public static readonly WorkspaceDetails None = new();

    public ImmutableArray<Toleration> Tolerations { get; init; } = [];

    public ImmutableSortedDictionary<string, string> NodeSelector { get; init; } = Empty;

    /// <summary>A Kubernetes Affinity as JSON; null for the agent's default.</summary>
    public string? Affinity { get; init; }

    /// <summary>Templates in a provider's details; filled-in values in those of a workspace.</summary>
    public ImmutableSortedDictionary<string, string> ServiceAccountAnnotations { get; init; } = Empty;

    /// <summary>Names of Secrets.</summary>
    public ImmutableArray<string> ImagePullSecrets { get; init; } = [];

    /// <summary>Compares by content, unlike the equality of records for lists and maps.</summary>
    public bool SameAs(WorkspaceDetails other) =>
        Tolerations.SequenceEqual(other.Tolerations)
        && NodeSelector.SequenceEqual(other.NodeSelector)
        && Affinity == other.Affinity
        && ServiceAccountAnnotations.SequenceEqual(other.ServiceAccountAnnotations)
        && ImagePullSecrets.SequenceEqual(other.ImagePullSecrets);
}

/// <summary>A Kubernetes toleration; empty or null values mean the default of Kubernetes.</summary>
public sealed record Toleration(string Key, string Operator, string Value, string Effect, long? Seconds);
