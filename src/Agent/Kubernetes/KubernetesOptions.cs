namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>How the agent reaches its cluster.</summary>
internal sealed record KubernetesOptions
{
    /// <summary>A kubeconfig file. Null: the Pod's own ServiceAccount.</summary>
    public string? Kubeconfig { get; init; }

    /// <summary>
    /// The namespace that the agent works in. Null: the one that the kubeconfig's context or the Pod's ServiceAccount
    /// names, else <c>default</c>.
    /// </summary>
    public string? Namespace { get; init; }

    /// <summary>The deadline of one request; a watch is only opened under it.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>The deadline of one probe, all of its requests together.</summary>
    public TimeSpan ProbeTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Every watch is asked to end by itself after this long and up to twice as long, at random.</summary>
    public TimeSpan WatchLifetime { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// A resource is listed afresh this often, ± 20 %: the only thing that finds a watch which the server let fall silent
    /// because it was restored from a backup and is behind the resourceVersion watched from.
    /// </summary>
    public TimeSpan RelistInterval { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>
    /// An expired watch is listed anew after a random part of this: a restarted API server expires those of all agents
    /// at once.
    /// </summary>
    public TimeSpan RelistJitter { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How long a workspace may wait for what the cluster may still come to do, before it is failed.</summary>
    public TimeSpan PendingTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Objects in one page of a list.</summary>
    public int PageSize { get; init; } = 200;
}
