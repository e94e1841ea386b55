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

/// <summary>Why a call didn't do what was asked.</summary>
/// <param name="RetryAfter">How long the cluster asked to be left alone.</param>
/// <param name="Attempts">Calls in a row that failed.</param>
/// <param name="Since">When the first of those failed that failed in this way.</param>
internal sealed record Failure(
    string Code,
    string Message,
    bool Transient,
    DateTimeOffset Since,
    TimeSpan RetryAfter = default,
    int Attempts = 1
)
{
    /// <summary>The failure as the timeline of a generation tells it: the same one once, however often it is tried.</summary>
    public TimelineStep In(ulong generation) =>
        Transient
            ? new(Id(generation), Since, TimelineStage.Waiting, Message: Message)
            : new(Id(generation), Since, TimelineStage.Failed, Code, Message);

    private string Id(ulong generation) => $"call/{generation}/{Code}";
}

/// <summary>What the agent knows of one workspace: what is wished, what the cluster holds, and what is to be done.</summary>
/// <remarks>Pure. A wish lives as long as the session that brought it; what the cluster holds outlives sessions.</remarks>
internal sealed record WorkspaceRecord(string Id)
{
    /// <summary>Failures in a row before a workspace that waits says so.</summary>
    public const int AttemptsUntilReported = 3;

    /// <summary>What the workspace should be; null if nothing is wished, or that it be gone.</summary>
    public WorkspaceDesired? Desired { get; private init; }

    /// <summary>The generation at which the workspace is to be deleted. Desired states up to it are ignored from then on.</summary>
    public ulong? Removed => Removal?.Generation;

    private RemovalRequest? Removal { get; init; }

    public ClusterWorkspace? Cluster { get; private init; }

    public WorkKind Work { get; private init; }

    public Failure? Failure { get; private init; }

    /// <summary>What was refused while the rest was applied.</summary>
    public PartialRefusal? Refused { get; private init; }

    /// <summary>How often it was heard that the cluster holds nothing.</summary>
    public int TimesGone { get; private init; }

    /// <summary>The cluster was asked to delete, and does.</summary>
    public bool Deleting { get; private init; }

    /// <summary>The cluster was asked, after the wish, and holds nothing.</summary>
    public bool Deleted { get; private init; }

    /// <summary>Trace context of the latest work on the wish, for the reports that come of it.</summary>
    public string Traceparent { get; init; } = "";

    public ulong DesiredGeneration => Removed ?? Desired?.Generation ?? 0;

    /// <summary>
    /// Differences that were there when the last apply began, and still are: it has set them right as far as it can, or is
    /// about to be seen to have.
    /// </summary>
    private string Settled { get; init; } = "";

    /// <summary>In what the objects differ from what was applied last; empty if in nothing that is seen.</summary>
    public string Differences =>
        Desired is { } d && Cluster is { } c && c.Generation == d.Generation && IsAgainst(d.Power, c.State)
            ? Drift.Join([.. Drift.Names(c.Drift), "power"])
            : Cluster?.Drift ?? "";

    /// <summary>The objects differ from what was applied, and this session has not sent what is desired.</summary>
    public bool NeedsDesired => Drifted && Desired is null && Removed is null;

    private bool Drifted => Drift.Except(Differences, Settled).Length > 0;

    private bool Fulfilled =>
        Failure is null
        && Refused is null
        && Cluster?.Generation >= Desired?.Generation
        && Cluster?.State
            == (Desired?.Power == WorkspacePower.Running ? WorkspaceState.Running : WorkspaceState.Stopped);

    /// <summary>Nothing is known any more.</summary>
    public bool Empty => Desired is null && Removed is null && Cluster is null;

    /// <returns>This same record if an equal or newer removal, or a newer wish, is known.</returns>
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

    /// <returns>This same record if a newer wish is known.</returns>
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

    /// <summary>Where the objects have come to differ from what was applied, it is to be applied again.</summary>
    public WorkspaceRecord Seen(ClusterWorkspace cluster) =>
        (this with { Cluster = cluster }).StillSettled(Settled).Repairing();

    /// <summary>
    /// The cluster holds nothing any more. If that was the wish, it is asked once more before it is believed, for what is heard
    /// may be older than the latest apply; if it wasn't, all of it is made again.
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

    /// <summary>The wish that was worked on is fulfilled as far as calls can do it.</summary>
    /// <param name="drift">What differed when the work began.</param>
    public WorkspaceRecord Applied(WorkspaceDesired applied, string drift = "") =>
        ReferenceEquals(applied, Desired) ? Done(drift) with { Failure = null, Refused = null } : this;

    /// <summary>The wish is fulfilled but for what the cluster refused of it.</summary>
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

    // What a person scales by hand: in the same generation none of them is on the way to what is desired.
    private static bool IsAgainst(WorkspacePower power, WorkspaceState seen) =>
        power == WorkspacePower.Running
            ? seen is WorkspaceState.Stopping or WorkspaceState.Stopped
            : seen is WorkspaceState.Starting or WorkspaceState.Running;

    private WorkspaceRecord Repairing() =>
        Work == WorkKind.None && Desired is not null && Drifted ? this with { Work = WorkKind.Apply } : this;

    /// <param name="asked">This record as it was when the cluster was asked.</param>
    public WorkspaceRecord RemoveAnswered(WorkspaceRecord asked, bool found) =>
        Removed != asked.DesiredGeneration ? this
        // What was heard meanwhile is newer than the answer: it is asked again, for nothing more will be heard.
        : found && TimesGone != asked.TimesGone ? this with { Failure = null, Deleting = true }
        : found ? this with { Work = WorkKind.None, Failure = null, Deleting = true }
        : this with { Work = WorkKind.None, Failure = null, Deleted = true, Cluster = null };

    /// <summary>
    /// A call failed. After a transient failure the work remains to be done; after another one it is done again only by
    /// <see cref="Retried"/>.
    /// </summary>
    /// <param name="asked">This record as it was when the cluster was asked.</param>
    /// <returns>This same record if the desired state or the removal was sent again since: it is still to be tried.</returns>
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
    /// Makes what has failed for good, or has not come to be what was wished, be tried once more: somebody may have mended
    /// the cause, or have broken what was made.
    /// </summary>
    public WorkspaceRecord Retried() =>
        Work != WorkKind.None || Deleted ? this
        : Removed is not null ? this with { Work = WorkKind.Remove }
        : Desired is not null && !Fulfilled ? this with { Work = WorkKind.Apply }
        : this;

    /// <summary>Without wishes: the next session brings its own.</summary>
    public WorkspaceRecord Detached() => new(Id) { Cluster = Cluster, Settled = Settled };

    /// <summary>Whether a report ends the story of the current wish, so that later ones belong to no work of ours.</summary>
    public bool Settles(WorkspaceReport report) =>
        report.Generation >= DesiredGeneration
        && report.State
            is WorkspaceState.Running
                or WorkspaceState.Stopped
                or WorkspaceState.Failed
                or WorkspaceState.Deleted
        && Work == WorkKind.None;

    /// <summary>One request to delete the workspace. Equal to itself only, so that a repeated one is told from it.</summary>
    private sealed class RemovalRequest(ulong generation)
    {
        public ulong Generation => generation;
    }
}
