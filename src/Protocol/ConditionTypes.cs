namespace Coder.Mesh.Protocol;

/// <summary>The conditions of a readiness report.</summary>
public static class ConditionTypes
{
    /// <summary>The Kubernetes API answers.</summary>
    public const string ClusterReachable = nameof(ClusterReachable);

    /// <summary>The provider's namespace exists and isn't being deleted.</summary>
    public const string NamespaceReady = nameof(NamespaceReady);

    /// <summary>The agent may do everything that its work needs.</summary>
    public const string PermissionsSufficient = nameof(PermissionsSufficient);

    /// <summary>The conditions that must be true for a provider to be Ready, the most telling first.</summary>
    public static IReadOnlyList<string> Required { get; } = [ClusterReachable, NamespaceReady, PermissionsSufficient];
}
