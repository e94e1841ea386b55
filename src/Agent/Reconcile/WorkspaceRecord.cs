using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.V1;

namespace Coder.Mesh.Agent.Reconcile;

internal enum WorkKind
{
    None,
    Apply,
    Remove,
}

/// <summary>A failed call.</summary>
/// <param name="RetryAfter">Delay requested by the cluster.</param>
/// <param name="Attempts">Number of consecutive failed calls.</param>
/// <param name="Since">When the first of the calls failed that failed in this way.</param>
internal sealed record Failure(
    string Code,
    string Message,
    bool Transient,
    DateTimeOffset Since,
    TimeSpan RetryAfter = default,
    int Attempts = 1
)
{
    /// <summary>
    /// Returns the timeline entry of the failure in a generation; the same one for repeated failures.
    /// </summary>
    public TimelineStep In(ulong generation) =>
        Transient
            ? new(Id(generation), Since, TimelineStage.Waiting, Message: Message)
            : new(Id(generation), Since, TimelineStage.Failed, Code, Message);

    private string Id(ulong generation) => $"call/{generation}/{Code}";
}

/// <summary>
/// State of one workspace in the agent: what is desired, what the cluster has, and what is to be done.
/// </summary>
/// <remarks>
/// Pure functions. A desired state lives as long as its session; the state of the cluster outlives sessions.
/// </remarks>
internal sealed record WorkspaceRecord(string Id)
{
    /// <summary>Consecutive failures before they are reported for a waiting workspace.</summary>
    public const int AttemptsUntilReported = 3;

    /// <summary>The desired state; null if there is none, or the workspace is to be deleted.</summary>
    public WorkspaceDesired? Desired { get; private init; }

    /// <summary>Generation of the deletion. Desired states up to it are ignored.</summary>
    public ulong? Removed => Removal?.Generation;

    private RemovalRequest? Removal { get; init; }

    public ClusterWorkspace? Cluster { get; private init; }

    public WorkKind Work { get; private init; }

    public Failure? Failure { get; private init; }

    /// <summary>What was refused while the rest was applied.</summary>
    public PartialRefusal? Refused { get; private init; }

    /// <summary>How often the cluster was found to have no object.</summary>
    public int TimesGone { get; private init; }

    /// <summary>Whether the cluster was asked to delete the objects, and does.</summary>
    public bool Deleting { get; private init; }

    /// <summary>Whether the cluster was asked after the request and has no object.</summary>
    public bool Deleted { get; private init; }

    /// <summary>Trace context of the latest work on the desired state, for resulting reports.</summary>
    public string Traceparent { get; init; } = "";

    public ulong DesiredGeneration => Removed ?? Desired?.Generation ?? 0;

    /// <summary>
    /// Differences that existed when the last apply began and still do: it could not remove them, or their removal is
    /// still to be observed.
    /// </summary>
    private string Settled { get; init; } = "";

    /// <summary>Differences between the objects and what was last applied; empty if none are seen.</summary>
    public string Differences =>
        Desired is { } d && Cluster is { } c && c.Generation == d.Generation && IsAgainst(d.Power, c.State)
            ? Drift.Join([.. Drift.Names(c.Drift), "power"])
            : Cluster?.Drift ?? "";

    /// <summary>
    /// Whether the objects differ from what was applied and this session has not sent the desired state.
    /// </summary>
    public bool NeedsDesired => Drifted && Desired is null && Removed is null;

    private bool Drifted => Drift.Except(Differences, Settled).Length > 0;

    private bool Fulfilled =>
        Failure is null
        && Refused is null
        && Cluster?.Generation >= Desired?.Generation
        && Cluster?.State
            == (Desired?.Power == WorkspacePower.Running ? WorkspaceState.Running : WorkspaceState.Stopped);

    /// <summary>Whether nothing is known of the workspace.</summary>
    public bool Empty => Desired is null && Removed is null && Cluster is null;

    /// <returns>The same record if an equal or newer removal, or a newer desired state, is known.</returns>
    public WorkspaceRecord WithDesired(WorkspaceDesired desired, string traceparent) =>
        desired.Generation <= Removed || desired.Generation < Desired?.Generation
            ? this
            : new WorkspaceRecord(Id)
            {
                Desired = desired,
                Cluster = Cluster,
                Settled = Settled,
                Work = WorkKind.Apply,
                Traceparent = traceparent,
            };

    /// <returns>The same record if a newer desired state is known.</returns>
    public WorkspaceRecord WithRemoval(ulong generation, string traceparent) =>
        generation < DesiredGeneration
            ? this
            : new WorkspaceRecord(Id)
            {
                Removal = new RemovalRequest(generation),
                Cluster = Cluster,
                Work = WorkKind.Remove,
                Deleting = Deleting,
                Traceparent = traceparent,
            };

    /// <summary>Records observed objects. If they differ from what was applied, it is applied again.</summary>
    public WorkspaceRecord Seen(ClusterWorkspace cluster) =>
        (this with { Cluster = cluster }).StillSettled(Settled).Repairing();

    /// <summary>
    /// Records that the cluster has no object. If that was requested, the cluster is asked once more, since the
    /// observation may be older than the latest apply; otherwise everything is created again.
    /// </summary>
    public WorkspaceRecord SeenGone() =>
        this with
        {
            Cluster = null,
            Settled = "",
            TimesGone = TimesGone + 1,
            Work =
                Removed is not null && !Deleted ? WorkKind.Remove
                : Desired is not null ? WorkKind.Apply
                : Work,
        };

    /// <summary>Records a completed apply.</summary>
    /// <param name="drift">The differences when the work began.</param>
    public WorkspaceRecord Applied(WorkspaceDesired applied, string drift = "") =>
        ReferenceEquals(applied, Desired) ? Done(drift) with { Failure = null, Refused = null } : this;

    /// <summary>Records a completed apply, of which the cluster refused a part.</summary>
    public WorkspaceRecord Applied(
        WorkspaceDesired applied,
        ClusterRefusal refusal,
        DateTimeOffset at,
        string drift = ""
    ) =>
        ReferenceEquals(applied, Desired)
            ? Done(drift) with
            {
                Failure = null,
                Refused = new PartialRefusal(refusal, Refused?.Code == refusal.Code ? Refused.Since : at),
            }
            : this;

    private WorkspaceRecord Done(string drift) => (this with { Work = WorkKind.None }).StillSettled(drift).Repairing();

    private WorkspaceRecord StillSettled(string drift) => this with { Settled = Drift.Common(drift, Differences) };

    // As after a manual scale: in the same generation, this state is not on the way to the desired one.
    private static bool IsAgainst(WorkspacePower power, WorkspaceState seen) =>
        power == WorkspacePower.Running
            ? seen is WorkspaceState.Stopping or WorkspaceState.Stopped
            : seen is WorkspaceState.Starting or WorkspaceState.Running;

    private WorkspaceRecord Repairing() =>
        Work == WorkKind.None && Desired is not null && Drifted ? this with { Work = WorkKind.Apply } : this;

    /// <param name="asked">This record when the cluster was asked.</param>
    public WorkspaceRecord RemoveAnswered(WorkspaceRecord asked, bool found) =>
        Removed != asked.DesiredGeneration ? this
        // An observation meanwhile is newer than the answer. The cluster is asked again, because there will be no
        // further observation.
        : found && TimesGone != asked.TimesGone ? this with { Failure = null, Deleting = true }
        : found ? this with { Work = WorkKind.None, Failure = null, Deleting = true }
        : this with { Work = WorkKind.None, Failure = null, Deleted = true, Cluster = null };

    /// <summary>
    /// Records a failed call. After a transient failure the work remains to be done; after another one, only <see
    /// cref="Retried"/> repeats it.
    /// </summary>
    /// <param name="asked">This record when the cluster was asked.</param>
    /// <returns>
    /// The same record if the desired state or the removal was sent again since; it is still to be tried.
    /// </returns>
    public WorkspaceRecord Failed(WorkspaceRecord asked, Failure failure, string drift = "") =>
        !ReferenceEquals(Desired, asked.Desired) || !ReferenceEquals(Removal, asked.Removal)
            ? this
            : (failure.Transient ? this : Done(drift)) with
            {
                Failure = failure with
                {
                    Attempts = (Failure?.Attempts ?? 0) + 1,
                    Since = Failure?.Code == failure.Code ? Failure.Since : failure.Since,
                },
            };

    /// <summary>
    /// Has failed or unfulfilled work repeated: somebody may have fixed the cause, or damaged the result.
    /// </summary>
    public WorkspaceRecord Retried() =>
        Work != WorkKind.None || Deleted ? this
        : Removed is not null ? this with { Work = WorkKind.Remove }
        : Desired is not null && !Fulfilled ? this with { Work = WorkKind.Apply }
        : this;

    /// <summary>Returns the record without desired state, for the next session.</summary>
    public WorkspaceRecord Detached() => new(Id) { Cluster = Cluster, Settled = Settled };

    /// <summary>
    /// Whether a report completes the current desired state, so that later reports belong to no work.
    /// </summary>
    public bool Settles(WorkspaceReport report) =>
        report.Generation >= DesiredGeneration
        && report.State
            is WorkspaceState.Running
                or WorkspaceState.Stopped
                or WorkspaceState.Failed
                or WorkspaceState.Deleted
        && Work == WorkKind.None;

    /// <summary>
    /// One request to delete the workspace. Equal to itself only, so that repeated requests are distinguished.
    /// </summary>
    private sealed class RemovalRequest(ulong generation)
    {
        public ulong Generation => generation;
    }
}
