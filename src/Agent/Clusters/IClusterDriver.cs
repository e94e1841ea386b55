using Coder.Mesh.Agent.V1;

namespace Coder.Mesh.Agent.Clusters;

/// <summary>Whose objects a driver works on: learned from the control plane's Welcome.</summary>
internal sealed record DriverIdentity(string ProviderId, string DeploymentId);

/// <summary>A place where workspaces run. There are two: a Kubernetes namespace, and a simulated one in memory.</summary>
internal interface IClusterDriver
{
    /// <summary>Looks at the cluster once: is it there, which is it, and may the agent work in it.</summary>
    /// <remarks>Never throws for what a cluster may do; an unreachable one is a condition.</remarks>
    Task<ClusterProbe> Probe(CancellationToken ct);

    /// <summary>
    /// Lists and watches the agent's own objects until cancelled, and tells the sink of everything that it sees. An
    /// API that is away, an expired watch or a refusal is waited out, with jitter, inside.
    /// </summary>
    Task Watch(DriverIdentity identity, IClusterSink sink, CancellationToken ct);

    /// <summary>
    /// Makes the objects of a workspace what is desired. Idempotent. A generation below the one that the objects carry
    /// changes nothing.
    /// </summary>
    /// <remarks>An object that is refused keeps no other from being applied; to stop and to delete always work.</remarks>
    /// <returns>
    /// What was refused of a workspace whose pod is as desired all the same, or whose pod is no longer asked for if it is to
    /// stop; null if nothing was.
    /// </returns>
    /// <exception cref="ClusterException">The cluster refused, or can't be reached.</exception>
    Task<ClusterRefusal?> Apply(DriverIdentity identity, WorkspaceDesired desired, CancellationToken ct);

    /// <summary>
    /// Asks the cluster to delete every object of a workspace that this provider's agent created; what another created
    /// is left alone. Returns once asked: the sink hears <see cref="IClusterSink.Gone"/> when nothing is left.
    /// </summary>
    /// <returns>False if the cluster holds nothing of it.</returns>
    /// <exception cref="ClusterException">The cluster refused, or can't be reached.</exception>
    Task<bool> Remove(DriverIdentity identity, string workspaceId, CancellationToken ct);
}

/// <summary>Hears what a driver sees. Called from one thread at a time; must return at once.</summary>
internal interface IClusterSink
{
    /// <summary>A full list has been made: this is everything the cluster holds.</summary>
    void Listed(IReadOnlyList<ClusterWorkspace> workspaces);

    /// <summary>The objects of one workspace have changed.</summary>
    void Changed(ClusterWorkspace workspace);

    /// <summary>No object of the workspace is left.</summary>
    void Gone(string workspaceId);
}

/// <summary>What the cluster holds of one workspace.</summary>
/// <param name="Generation">As the objects carry it.</param>
/// <param name="Code">A stable lower_snake code when the state is Failed, else empty.</param>
/// <param name="Message">In the cluster's own words where it has any.</param>
/// <param name="Held">What the objects tell of the workspace; never changed once it is here.</param>
internal sealed record ClusterWorkspace(
    string Id,
    ulong Generation,
    Coder.Mesh.V1.WorkspaceState State,
    string Code = "",
    string Message = "",
    HeldWorkspace? Held = null
)
{
    /// <summary>What has happened in <see cref="TimelineGeneration"/>.</summary>
    public Timeline Timeline { get; init; } = Timeline.Empty;

    /// <summary>No pod of it runs, and none is asked for.</summary>
    public bool Idle { get; init; }

    /// <summary>
    /// The generation that was seen last: the objects may have lost what tells it. Null if a driver doesn't keep it apart.
    /// </summary>
    public ulong? TimelineGeneration { get; init; }

    /// <summary>
    /// Differences from what was applied last, each named, with blanks between; empty if none is seen. They are set right by
    /// an apply of what is desired.
    /// </summary>
    public string Drift { get; init; } = "";
}

/// <summary>One look at a cluster.</summary>
/// <param name="NamespaceUid">Names cluster and namespace; empty if the cluster didn't answer.</param>
internal sealed record ClusterProbe(string NamespaceUid, ClusterFacts Facts, IReadOnlyList<ProbedCondition> Conditions);

/// <summary>A condition as a probe found it; since when it has been so is the caller's to remember.</summary>
internal sealed record ProbedCondition(
    string Type,
    Coder.Mesh.V1.ConditionStatus Status,
    string Code = "",
    string Message = ""
);

/// <summary>What the cluster refused of a workspace, while the rest of it was made what is desired.</summary>
/// <param name="Essential">Without it no pod of the workspace comes to run.</param>
internal sealed record ClusterRefusal(string Code, string Message, bool Essential = false);

/// <summary>The cluster refused, or couldn't be reached.</summary>
/// <param name="code">A stable lower_snake code; see docs/status-codes.md.</param>
/// <param name="transient">True if the same call may succeed later without anybody changing anything.</param>
/// <param name="retryAfter">How long the cluster asked to be left alone; zero if it didn't.</param>
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
