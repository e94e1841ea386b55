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
internal sealed record Trouble(
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

/// <summary>What the cluster refused of a workspace, while the rest of it was applied.</summary>
/// <param name="Since">When it was refused first.</param>
internal sealed record Refused(ClusterRefusal What, DateTimeOffset Since)
{
    public string Code => What.Code;

    /// <summary>What is reported of a workspace of which this was refused.</summary>
    /// <param name="starting">It is meant to run.</param>
    public WorkspaceReport In(ClusterWorkspace seen, bool starting)
    {
        // What it lacks is why it doesn't run, whatever the cluster says of that.
        if (What.Essential && starting && seen.State != WorkspaceState.Running)
            return new WorkspaceReport(seen.Id, seen.Generation, WorkspaceState.Failed, What.Code, What.Message)
            {
                Timeline = Told(seen, TimelineStage.Failed),
            };
        var words = string.Join(" ", new[] { seen.Message, What.Message }.Where(m => m.Length > 0));
        var code = seen.Code.Length > 0 ? seen.Code : What.Code;
        return new WorkspaceReport(seen.Id, seen.Generation, seen.State, code, CleanText.Clean(words))
        {
            Timeline = Told(seen, TimelineStage.Notice),
        };
    }

    /// <summary>
    /// What is reported of a workspace that is to stop. Its objects can't be given the wish's generation, or can't be made at
    /// all; that no pod is asked for any more is all that the wish needs.
    /// </summary>
    /// <param name="seen">Null if the cluster holds nothing of it.</param>
    public WorkspaceReport InStop(string id, ulong generation, ClusterWorkspace? seen)
    {
        var stopped = seen?.Idle ?? true;
        var state = stopped ? WorkspaceState.Stopped : WorkspaceState.Stopping;
        return In(new ClusterWorkspace(id, generation, state, Message: stopped ? "" : seen!.Message), starting: false);
    }

    private Timeline Told(ClusterWorkspace seen, TimelineStage stage) =>
        seen.Timeline.With(
            new TimelineStep($"call/{seen.Generation}/{What.Code}", Since, stage, What.Code, What.Message)
        );
}

/// <summary>What is reported of a workspace.</summary>
/// <param name="Generation">The one that the objects carry, or that could not be applied.</param>
internal sealed record WorkspaceReport(
    string Id,
    ulong Generation,
    WorkspaceState State,
    string Code = "",
    string Message = ""
)
{
    /// <summary>What has happened in this generation.</summary>
    public Timeline Timeline { get; init; } = Timeline.Empty;

    /// <summary>Size of the volume as the cluster has it; empty if there is none, null if that isn't known.</summary>
    public string? Disk { get; init; }
}

/// <summary>What a snapshot says of a workspace.</summary>
/// <param name="Held">What the cluster holds of it; null if nothing, or if its driver can't tell.</param>
internal readonly record struct SnapshotEntry(WorkspaceReport Report, HeldWorkspace? Held);

/// <summary>What the agent knows of one workspace: what is wished, what the cluster holds, and what is to be done.</summary>
/// <remarks>Pure. A wish lives as long as the session that brought it; what the cluster holds outlives sessions.</remarks>
internal sealed record WorkspaceRecord(string Id)
{
    /// <summary>Failures in a row before a workspace that waits says so.</summary>
    public const int AttemptsUntilTold = 3;

    /// <summary>What the workspace should be; null if nothing is wished, or that it be gone.</summary>
    public WorkspaceDesired? Desired { get; private init; }

    /// <summary>The generation at which it should be gone: a tombstone that no older wish gets past.</summary>
    public ulong? Removed { get; private init; }

    public ClusterWorkspace? Cluster { get; private init; }

    public WorkKind Work { get; private init; }

    public Trouble? Trouble { get; private init; }

    /// <summary>What was refused while the rest was applied.</summary>
    public Refused? Refused { get; private init; }

    /// <summary>The cluster was asked to delete, and does.</summary>
    public bool Deleting { get; private init; }

    /// <summary>The cluster was asked, after the wish, and holds nothing.</summary>
    public bool Deleted { get; private init; }

    /// <summary>Trace context of the latest work on the wish, for the reports that come of it.</summary>
    public string Traceparent { get; init; } = "";

    public ulong WishedGeneration => Removed ?? Desired?.Generation ?? 0;

    private bool Fulfilled =>
        Trouble is null
        && Refused is null
        && Cluster?.Generation >= Desired?.Generation
        && Cluster?.State
            == (Desired?.Power == WorkspacePower.Running ? WorkspaceState.Running : WorkspaceState.Stopped);

    /// <summary>Nothing is known any more.</summary>
    public bool Empty => Desired is null && Removed is null && Cluster is null;

    /// <returns>This same record if an equal or newer removal, or a newer wish, is known.</returns>
    public WorkspaceRecord Wish(WorkspaceDesired desired, string traceparent) =>
        desired.Generation <= Removed || desired.Generation < Desired?.Generation
            ? this
            : new WorkspaceRecord(Id)
            {
                Desired = desired,
                Cluster = Cluster,
                Work = WorkKind.Apply,
                Traceparent = traceparent,
            };

    /// <returns>This same record if a newer wish is known.</returns>
    public WorkspaceRecord WishRemoved(ulong generation, string traceparent) =>
        generation < WishedGeneration
            ? this
            : new WorkspaceRecord(Id)
            {
                Removed = generation,
                Cluster = Cluster,
                Work = WorkKind.Remove,
                Deleting = Deleting,
                Traceparent = traceparent,
            };

    public WorkspaceRecord Seen(ClusterWorkspace cluster) => this with { Cluster = cluster };

    /// <summary>The cluster holds nothing any more. If that was the wish, it is asked once more before it is believed:
    /// what is heard may be older than the latest apply.</summary>
    public WorkspaceRecord SeenGone() =>
        this with
        {
            Cluster = null,
            Work = Removed is not null && !Deleted ? WorkKind.Remove : Work,
        };

    /// <summary>The wish that was worked on is fulfilled as far as calls can do it.</summary>
    public WorkspaceRecord Applied(WorkspaceDesired applied) =>
        ReferenceEquals(applied, Desired) ? this with { Work = WorkKind.None, Trouble = null, Refused = null } : this;

    /// <summary>The wish is fulfilled but for what the cluster refused of it.</summary>
    public WorkspaceRecord Applied(WorkspaceDesired applied, ClusterRefusal refusal, DateTimeOffset at) =>
        ReferenceEquals(applied, Desired)
            ? this with
            {
                Work = WorkKind.None,
                Trouble = null,
                Refused = new Refused(refusal, Refused?.Code == refusal.Code ? Refused.Since : at),
            }
            : this;

    public WorkspaceRecord RemoveAnswered(ulong generation, bool found) =>
        Removed != generation ? this
        : found ? this with { Work = WorkKind.None, Trouble = null, Deleting = true }
        : this with { Work = WorkKind.None, Trouble = null, Deleted = true, Cluster = null };

    /// <summary>A call failed. A transient failure leaves the work to be done again soon, another one until <see cref="Retried"/>.</summary>
    public WorkspaceRecord Failed(ulong generation, Trouble trouble) =>
        generation != WishedGeneration
            ? this
            : this with
            {
                Work = trouble.Transient ? Work : WorkKind.None,
                Trouble = trouble with
                {
                    Attempts = (Trouble?.Attempts ?? 0) + 1,
                    Since = Trouble?.Code == trouble.Code ? Trouble.Since : trouble.Since,
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
    public WorkspaceRecord Detached() => new(Id) { Cluster = Cluster };

    /// <summary>What there is to report; null if nothing.</summary>
    public WorkspaceReport? Report() => Told() is { } report ? report with { Disk = Cluster?.Held?.Spec?.Disk } : null;

    private WorkspaceReport? Told() =>
        this switch
        {
            { Removed: { } g, Deleted: true } => new WorkspaceReport(Id, g, WorkspaceState.Deleted),
            { Removed: { } g, Trouble: { Transient: false } or { Attempts: >= AttemptsUntilTold } } =>
                new WorkspaceReport(
                    Id,
                    g,
                    WorkspaceState.Deleting,
                    "",
                    CleanText.Clean($"{Trouble.Message} {Cluster?.Message}".TrimEnd())
                ),
            { Removed: { } g, Deleting: true } => new WorkspaceReport(
                Id,
                g,
                WorkspaceState.Deleting,
                "",
                Cluster?.Message ?? ""
            ),
            { Desired: { } d, Trouble: { Transient: false } t } => new WorkspaceReport(
                Id,
                d.Generation,
                WorkspaceState.Failed,
                t.Code,
                t.Message
            )
            {
                Timeline = SeenIn(d.Generation).With(t.In(d.Generation)),
            },
            { Desired: { } d, Refused: { } r, Cluster: { } c } when c.Generation == d.Generation => r.In(
                c,
                starting: d.Power == WorkspacePower.Running
            ),
            { Desired: { Power: WorkspacePower.Stopped } d, Refused: { } r } => r.InStop(Id, d.Generation, Cluster),
            {
                Desired: { } d,
                Cluster: { State: not WorkspaceState.Failed } c,
                Trouble: { Attempts: >= AttemptsUntilTold } t
            } => new WorkspaceReport(
                Id,
                c.Generation,
                c.State,
                c.Code,
                CleanText.Clean($"Generation {d.Generation} waits for the cluster: {t.Message}")
            )
            {
                Timeline = c.Timeline,
            },
            { Cluster: { } c } => new WorkspaceReport(Id, c.Generation, c.State, c.Code, c.Message)
            {
                Timeline = c.Timeline,
            },
            { Desired: { } d, Trouble: { Attempts: >= AttemptsUntilTold } t } => new WorkspaceReport(
                Id,
                d.Generation,
                WorkspaceState.Pending,
                "",
                t.Message
            )
            {
                Timeline = Timeline.Empty.With(t.In(d.Generation)),
            },
            _ => null,
        };

    private Timeline SeenIn(ulong generation) => Cluster?.Generation == generation ? Cluster.Timeline : Timeline.Empty;

    /// <summary>Whether a report ends the story of the current wish, so that later ones belong to no work of ours.</summary>
    public bool Settles(WorkspaceReport report) =>
        report.Generation >= WishedGeneration
        && report.State
            is WorkspaceState.Running
                or WorkspaceState.Stopped
                or WorkspaceState.Failed
                or WorkspaceState.Deleted
        && Work == WorkKind.None;
}
