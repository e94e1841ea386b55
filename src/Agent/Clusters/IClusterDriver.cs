using Coder.Mesh.Agent.V1;

namespace Coder.Mesh.Agent.Clusters;

/// <summary>Identity whose objects a driver works on, from the control plane's Welcome.</summary>
internal sealed record DriverIdentity(string ProviderId, string DeploymentId);

/// <summary>A place where workspaces run: a Kubernetes namespace, or a simulated one in memory.</summary>
internal interface IClusterDriver
{
    /// <summary>
    /// Probes whether the cluster is reachable, which one it is, and whether the agent can work in it.
    /// </summary>
    /// <remarks>Does not throw for failures of the cluster; an unreachable cluster is a condition.</remarks>
    Task<ClusterProbe> Probe(CancellationToken ct);

    /// <summary>
    /// Lists and watches the agent's own objects until cancelled, and reports all changes to the sink. Retries by
    /// itself, with jitter, if the API is unavailable, a watch expires or a request is refused.
    /// </summary>
    Task Watch(DriverIdentity identity, IClusterSink sink, CancellationToken ct);

    /// <summary>
    /// Applies the desired state to the objects of a workspace. Idempotent. A generation below that of the objects
    /// changes nothing.
    /// </summary>
    /// <remarks>
    /// An object that is refused does not prevent others from being applied; stopping and deleting always work.
    /// </remarks>
    /// <returns>
    /// What was refused, although the pod is as desired or, for a stop, scaled down; null if nothing was refused.
    /// </returns>
    /// <exception cref="ClusterException">The cluster refused the request, or cannot be reached.</exception>
    Task<ClusterRefusal?> Apply(DriverIdentity identity, WorkspaceDesired desired, CancellationToken ct);

    /// <summary>
    /// Requests the deletion of every object of a workspace that this provider's agent created; other objects are left
    /// alone. The sink is called with <see cref="IClusterSink.Gone"/> when nothing is left.
    /// </summary>
    /// <returns>False if the cluster has no object of the workspace.</returns>
    /// <exception cref="ClusterException">The cluster refused the request, or cannot be reached.</exception>
    Task<bool> Remove(DriverIdentity identity, string workspaceId, CancellationToken ct);
}

/// <summary>Receives what a driver observes. Called by one thread at a time; implementations must not block.</summary>
internal interface IClusterSink
{
    /// <summary>Reports the result of a full list: all workspaces in the cluster.</summary>
    void Listed(IReadOnlyList<ClusterWorkspace> workspaces);

    /// <summary>Reports that objects of a workspace have changed.</summary>
    void Changed(ClusterWorkspace workspace);

    /// <summary>Reports that no object of the workspace is left.</summary>
    void Gone(string workspaceId);
}

/// <summary>A workspace as observed in the cluster.</summary>
/// <param name="Generation">Generation in the annotations of the objects.</param>
/// <param name="Code">A stable lower_snake_case code if the state is Failed, else empty.</param>
/// <param name="Message">The cluster's own words where there are any.</param>
/// <param name="Held">Description by the objects. Not modified after construction.</param>
internal sealed record ClusterWorkspace(
    string Id,
    ulong Generation,
    Coder.Mesh.V1.WorkspaceState State,
    string Code = "",
    string Message = "",
    HeldWorkspace? Held = null
)
{
    /// <summary>Occurrences in <see cref="TimelineGeneration"/>.</summary>
    public Timeline Timeline { get; init; } = Timeline.Empty;

    /// <summary>Whether it has no pod and requests none.</summary>
    public bool Idle { get; init; }

    /// <summary>
    /// The last observed generation, which the objects may have lost. Null if the driver does not track it separately.
    /// </summary>
    public ulong? TimelineGeneration { get; init; }

    /// <summary>
    /// Differences from what was last applied, separated by spaces; empty if there are none. Applying the desired state
    /// removes them.
    /// </summary>
    public string Drift { get; init; } = "";
}

/// <summary>Result of one probe.</summary>
/// <param name="NamespaceUid">Identifies cluster and namespace; empty if the cluster did not answer.</param>
internal sealed record ClusterProbe(string NamespaceUid, ClusterFacts Facts, IReadOnlyList<ProbedCondition> Conditions);

/// <summary>A condition as found by a probe. The caller tracks the time of its last change.</summary>
internal sealed record ProbedCondition(
    string Type,
    Coder.Mesh.V1.ConditionStatus Status,
    string Code = "",
    string Message = ""
);

/// <summary>A refusal by the cluster while the rest of the workspace was applied.</summary>
/// <param name="Essential">Whether no pod can run without the refused object.</param>
internal sealed record ClusterRefusal(string Code, string Message, bool Essential = false);

/// <summary>The cluster refused a request, or could not be reached.</summary>
/// <param name="code">A stable lower_snake_case code; see docs/status-codes.md.</param>
/// <param name="transient">Whether the same request may succeed later without any change.</param>
/// <param name="retryAfter">Delay requested by the cluster; zero if none.</param>
internal sealed class ClusterException(
    string code,
    string message,
    bool transient,
    Exception? inner = null,
    TimeSpan retryAfter = default
) : Exception(message, inner)
{
    public string Code => code;

    public bool Transient => transient;

    public TimeSpan RetryAfter => retryAfter;
}
