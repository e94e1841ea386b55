using Coder.Mesh.ControlPlane.Providers;

namespace Coder.Mesh.ControlPlane.Workspaces;

/// <summary>One developer's machine: its desired state, and what was last observed.</summary>
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
    /// <summary>Filled by the store: the version of the stream that this was folded from.</summary>
    public int Version { get; set; }

    /// <summary>When the desired state was asked for last, or was asked for again.</summary>
    public DateTimeOffset DesiredAt { get; init; } = CreatedAt;

    /// <summary>The generation in which a restart was asked for last; 0 if never.</summary>
    public long RestartGeneration { get; init; }

    /// <summary>The generation in which the fields that others hold were to be taken over last; 0 if never.</summary>
    public long TakeOwnershipGeneration { get; init; }

    /// <summary>Empty where it isn't known.</summary>
    public string OwnerEmail { get; init; } = "";

    /// <summary>The provider's details as they were at the last start.</summary>
    public WorkspaceDetails Details { get; init; } = WorkspaceDetails.None;

    public ObservedState State { get; init; } = ObservedState.Pending;

    public string StateCode { get; init; } = "";

    public string StateMessage { get; init; } = "";

    public DateTimeOffset StateAt { get; init; } = CreatedAt;

    /// <summary>Generation of the objects that the state was seen on; 0 before the first report.</summary>
    public long ObservedGeneration { get; init; }

    /// <summary>Orders reports: by the session's epoch, then by the session's own counter, whatever their generation.</summary>
    public long ObservedEpoch { get; init; }

    public long ObservedVersion { get; init; }

    public TimelineMemory Timeline { get; init; } = TimelineMemory.Empty;

    /// <summary>When the home volume was last seen to be another one than before; null if it never was.</summary>
    public DateTimeOffset? VolumeCreatedAnewAt { get; init; }

    /// <summary>Size of the volume as the cluster has it; empty if there is none, null if that isn't known.</summary>
    public string? Disk { get; init; }

    /// <summary>Its end is final: nothing of it runs any more, or nobody can tell.</summary>
    public bool Finished => IsFinal(State);

    /// <summary>It was seen to be what is desired, or on the way there without trouble.</summary>
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
            (_, GenerationRaised e) => state with { Generation = e.Generation },
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
        };

    /// <summary>A state that follows from a request and not from a report.</summary>
    private Workspace Entered(ObservedState state, string message, DateTimeOffset at) =>
        this with
        {
            State = state,
            StateCode = "",
            StateMessage = message,
            StateAt = at,
        };

    // More may have happened on the way to a state, which is no other state by that.
    private bool IsAsSeenIn(WorkspaceObserved e) =>
        (State, StateCode, StateMessage, ObservedGeneration) == (e.State, e.Code, e.Message, e.Generation);

    // Nobody's, of no organization; its name is its id, for nobody may be kept from a name by what is on its way out.
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
