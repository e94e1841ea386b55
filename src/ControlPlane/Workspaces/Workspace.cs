using Coder.Mesh.ControlPlane.Providers;

namespace Coder.Mesh.ControlPlane.Workspaces;

/// <summary>A developer workspace: its desired state and its last observed state.</summary>
public sealed record Workspace(
    string Id,
    string WorkspaceId,
    string OrganizationId,
    string Owner,
    string Name,
    string ProviderId,
    WorkspaceSpec Spec,
    string StorageClass,
    DesiredState Desired,
    long Generation,
    string Traceparent,
    DateTimeOffset CreatedAt
)
{
    /// <summary>Version of the stream that this state was folded from. Set by Marten.</summary>
    public int Version { get; set; }

    /// <summary>When the desired state was last requested, including repeated requests.</summary>
    public DateTimeOffset DesiredAt { get; init; } = CreatedAt;

    /// <summary>Generation of the last requested restart; 0 if none.</summary>
    public long RestartGeneration { get; init; }

    /// <summary>Generation of the last request to take over fields of other field managers; 0 if none.</summary>
    public long TakeOwnershipGeneration { get; init; }

    /// <summary>Empty if unknown.</summary>
    public string OwnerEmail { get; init; } = "";

    /// <summary>The provider's details as of the last start.</summary>
    public WorkspaceDetails Details { get; init; } = WorkspaceDetails.None;

    public ObservedState State { get; init; } = ObservedState.Pending;

    public string StateCode { get; init; } = "";

    public string StateMessage { get; init; } = "";

    public DateTimeOffset StateAt { get; init; } = CreatedAt;

    /// <summary>Generation of the objects that the state was observed on; 0 before the first report.</summary>
    public long ObservedGeneration { get; init; }

    /// <summary>
    /// Orders reports: by the session's epoch, then by the session's own counter, independent of their generation.
    /// </summary>
    public long ObservedEpoch { get; init; }

    public long ObservedVersion { get; init; }

    public TimelineMemory Timeline { get; init; } = TimelineMemory.Empty;

    /// <summary>When the home volume was last found to be a different one; null if never.</summary>
    public DateTimeOffset? VolumeCreatedAnewAt { get; init; }

    /// <summary>Size of the volume in the cluster; empty if there is none, null if unknown.</summary>
    public string? Disk { get; init; }

    /// <summary>When the rate limit of its agent's reports (a token bucket) is full again.</summary>
    public DateTimeOffset ReportPaceFullAt { get; init; }

    /// <summary>
    /// Whether the state is final: nothing of the workspace runs any more, or its state cannot be known.
    /// </summary>
    public bool Finished => IsFinal(State);

    /// <summary>Whether it was observed to be as desired, or on the way there without a problem.</summary>
    public bool IsAsDesired =>
        ObservedGeneration == Generation
        && StateCode.Length == 0
        && Desired switch
        {
            DesiredState.Running => State is ObservedState.Starting or ObservedState.Running,
            DesiredState.Stopped => State is ObservedState.Stopping or ObservedState.Stopped,
            _ => false,
        };

    public static bool IsFinal(ObservedState state) => state is ObservedState.Deleted or ObservedState.Lost;

    public static Workspace? Fold(Workspace? state, string key, WorkspaceEvent change) =>
        (state, change) switch
        {
            (null, WorkspaceCreated e) => From(key, e),
            (null, WorkspaceAdopted e) => From(key, e),
            (null, OrphanRemovalRequested e) => Doomed(key, e),
            (null, _) => null,
            (_, WorkspaceStartRequested e) => state.After(e),
            (_, WorkspaceRestartRequested e) => state.After(e),
            (_, WorkspaceOwnerEmailChanged e) => state with { OwnerEmail = e.OwnerEmail },
            (_, WorkspaceSpecChanged e) => state.After(e),
            (_, WorkspaceStopRequested e) => state.WithDesired(DesiredState.Stopped, e.Generation, e.Traceparent, e.At),
            (_, DesiredStateRepeated e) => state with { Traceparent = e.Traceparent, DesiredAt = e.At },
            (_, WorkspaceDeleteRequested e) => state.After(e),
            (_, WorkspaceLost e) => state.Entered(ObservedState.Lost, e.Reason, e.At),
            (_, GenerationRaised e) => state with
            {
                Generation = e.Generation,
                ReportPaceFullAt = WorkspaceDecider.ReportPace.Stored(state.ReportPaceFullAt, e.At),
            },
            (_, WorkspaceObserved e) => state.After(e),
            _ => state,
        };

    private static Workspace From(string key, WorkspaceCreated e) =>
        new(
            key,
            e.WorkspaceId,
            e.OrganizationId,
            e.Owner,
            e.Name,
            e.ProviderId,
            e.Spec,
            e.StorageClass,
            DesiredState.Running,
            Generation: 1,
            e.Traceparent,
            e.At
        )
        {
            OwnerEmail = e.OwnerEmail,
            Details = e.Details,
        };

    private static Workspace From(string key, WorkspaceAdopted e) =>
        new(
            key,
            e.WorkspaceId,
            e.OrganizationId,
            e.Owner,
            e.Name,
            e.ProviderId,
            e.Spec,
            e.StorageClass,
            DesiredState.Running,
            e.Generation,
            e.Traceparent,
            e.At
        )
        {
            OwnerEmail = e.OwnerEmail,
            Details = e.Details,
            RestartGeneration = e.RestartGeneration,
        };

    private Workspace After(WorkspaceStartRequested e) =>
        WithDesired(DesiredState.Running, e.Generation, e.Traceparent, e.At) with
        {
            Details = e.Details ?? Details,
        };

    private Workspace After(WorkspaceRestartRequested e) =>
        WithDesired(DesiredState.Running, e.Generation, e.Traceparent, e.At) with
        {
            RestartGeneration = e.Generation,
            Details = e.Details ?? Details,
        };

    private Workspace After(WorkspaceSpecChanged e) =>
        WithDesired(Desired, e.Generation, e.Traceparent, e.At) with
        {
            Spec = e.Spec,
            TakeOwnershipGeneration = e.TakesOwnership ? e.Generation : TakeOwnershipGeneration,
        };

    private Workspace After(WorkspaceDeleteRequested e) =>
        WithDesired(DesiredState.Deleted, e.Generation, e.Traceparent, e.At).Entered(ObservedState.Deleting, "", e.At);

    private Workspace After(WorkspaceObserved e) =>
        this with
        {
            State = e.State,
            StateCode = e.Code,
            StateMessage = e.Message,
            StateAt = IsAsSeenIn(e) ? StateAt : e.At,
            ObservedGeneration = e.Generation,
            ObservedEpoch = e.Epoch,
            ObservedVersion = e.Version,
            Timeline = Timeline.After(e.Generation, e.Timeline),
            VolumeCreatedAnewAt = e.Timeline.Any(t => t.Stage == TimelineStage.VolumeCreatedAnew)
                ? e.At
                : VolumeCreatedAnewAt,
            Disk = e.Disk ?? Disk,
            ReportPaceFullAt = WorkspaceDecider.ReportPace.Stored(ReportPaceFullAt, e.At),
        };

    /// <summary>Returns the workspace in a state that follows from a request instead of a report.</summary>
    private Workspace Entered(ObservedState state, string message, DateTimeOffset at) =>
        this with
        {
            State = state,
            StateCode = "",
            StateMessage = message,
            StateAt = at,
        };

    // More may have happened on the way to the same state.
    private bool IsAsSeenIn(WorkspaceObserved e) =>
        (State, StateCode, StateMessage, ObservedGeneration) == (e.State, e.Code, e.Message, e.Generation);

    // Without owner and organization. Its name is its id, so that it blocks no name.
    private static Workspace Doomed(string key, OrphanRemovalRequested e) =>
        new(
            key,
            e.WorkspaceId,
            OrganizationId: "",
            Owner: "",
            Name: e.WorkspaceId,
            e.ProviderId,
            e.Spec,
            e.StorageClass,
            DesiredState.Deleted,
            e.Generation,
            e.Traceparent,
            e.At
        )
        {
            State = ObservedState.Deleting,
        };

    private Workspace WithDesired(DesiredState desired, long generation, string traceparent, DateTimeOffset at) =>
        this with
        {
            Desired = desired,
            Generation = generation,
            Traceparent = traceparent,
            DesiredAt = at,
        };
}
