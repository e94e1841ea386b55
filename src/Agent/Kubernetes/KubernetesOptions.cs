namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>Settings of the agent's connection to its cluster.</summary>
internal sealed record KubernetesOptions
{
    /// <summary>Path of a kubeconfig file; null for the Pod's ServiceAccount.</summary>
    public string? Kubeconfig { get; init; }

    /// <summary>
    /// Namespace of the workspaces. Null for that of the kubeconfig's context or the Pod's ServiceAccount, else
    /// <c>default</c>.
    /// </summary>
    public string? Namespace { get; init; }

    /// <summary>Deadline of a request; for a watch, of its opening.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Deadline of a probe with all of its requests.</summary>
    public TimeSpan ProbeTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Requested lifetime of a watch; the actual one is random, up to twice as long.</summary>
    public TimeSpan WatchLifetime { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Interval of full lists, ± 20 %. Only they detect a watch that is silent because the server was restored from a
    /// backup and is behind the watched resourceVersion.
    /// </summary>
    public TimeSpan RelistInterval { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>
    /// Maximum random delay of the list after an expired watch: a restarted API server expires the watches of all
    /// agents at once.
    /// </summary>
    public TimeSpan RelistJitter { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>
    /// How long a workspace may wait for something that the cluster may still do, before it is failed.
    /// </summary>
    public TimeSpan PendingTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Number of objects in one page of a list.</summary>
    public int PageSize { get; init; } = 200;
}
