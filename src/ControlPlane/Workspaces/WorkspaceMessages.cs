using System.Collections.Immutable;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Storage;

namespace Coder.Mesh.ControlPlane.Workspaces;

public enum DesiredState
{
    Running,
    Stopped,
    Deleted,
}

public enum ObservedState
{
    Pending,
    Starting,
    Running,
    Stopping,
    Stopped,
    Failed,
    Deleting,
    Deleted,
    Lost,
}

/// <summary>Specification with Kubernetes quantities. An empty command means that of the image.</summary>
public sealed record WorkspaceSpec(string Image, string Cpu, string Memory, string Disk, ImmutableArray<string> Command)
{
    /// <summary>Not for secrets: stored and shown in plain text.</summary>
    public ImmutableSortedDictionary<string, string> Env { get; init; } =
        ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    /// <summary>Names of Secrets.</summary>
    public ImmutableArray<string> EnvFrom { get; init; } = [];

    /// <summary>
    /// Compares by content, unlike the equality of records for lists and maps. CPU and memory are compared as quantities,
    /// since another notation must not replace the container.
    /// </summary>
    public bool SameAs(WorkspaceSpec other) =>
        (Image, Disk) == (other.Image, other.Disk)
        && IsSame(Cpu, other.Cpu)
        && IsSame(Memory, other.Memory)
        && Command.SequenceEqual(other.Command)
        && Env.SequenceEqual(other.Env)
        && EnvFrom.SequenceEqual(other.EnvFrom);

    private static bool IsSame(string quantity, string other) =>
        quantity == other
        || (
            Quantities.Parse(quantity) is not null
            && Quantities.Parse(other) is not null
            && Quantities.Compare(quantity, other) == 0
        );
}

internal abstract record WorkspaceCommand;

/// <param name="Traceparent">
/// Trace context of the requesting call. Stored, so that a later delivery belongs to the same trace.
/// </param>
internal sealed record CreateWorkspace(
    string WorkspaceId,
    string OrganizationId,
    string Owner,
    string Name,
    string ProviderId,
    WorkspaceSpec Spec,
    string StorageClass,
    string Traceparent,
    DateTimeOffset At
) : WorkspaceCommand
{
    /// <summary>Empty if unknown.</summary>
    public string OwnerEmail { get; init; } = "";

    /// <summary>The current details of the provider.</summary>
    public WorkspaceDetails Details { get; init; } = WorkspaceDetails.None;
}

/// <summary>An admin adopts a workspace that exists in a cluster but not in the database.</summary>
/// <param name="Seen">Highest generation of its objects.</param>
/// <param name="SeenRestart">Restart generation of its pod.</param>
internal sealed record AdoptWorkspace(CreateWorkspace As, long Seen, long SeenRestart) : WorkspaceCommand;

/// <summary>An admin has a workspace deleted that exists in a cluster but not in the database.</summary>
/// <inheritdoc cref="AdoptWorkspace"/>
internal sealed record RemoveOrphan(
    string WorkspaceId,
    string ProviderId,
    string Name,
    WorkspaceSpec Spec,
    string StorageClass,
    long Seen,
    string Traceparent,
    DateTimeOffset At
) : WorkspaceCommand;

/// <summary>Changes the desired state: start, stop or delete.</summary>
/// <param name="Etag">The version of the workspace that the caller has read; empty to ignore it.</param>
internal sealed record ChangeDesiredState(DesiredState Desired, string Etag, string Traceparent, DateTimeOffset At)
    : WorkspaceCommand
{
    /// <summary>For a start: the current details of the provider.</summary>
    public WorkspaceDetails Details { get; init; } = WorkspaceDetails.None;
}

/// <inheritdoc cref="ChangeDesiredState"/>
internal sealed record RestartWorkspace(string Etag, string Traceparent, DateTimeOffset At) : WorkspaceCommand
{
    /// <inheritdoc cref="ChangeDesiredState.Details"/>
    public WorkspaceDetails Details { get; init; } = WorkspaceDetails.None;
}

/// <param name="Change">Returns the desired spec for the current one.</param>
/// <param name="OwnerEmail">Null to keep the current one.</param>
/// <inheritdoc cref="ChangeDesiredState"/>
internal sealed record UpdateWorkspace(
    Func<WorkspaceSpec, WorkspaceSpec> Change,
    string? OwnerEmail,
    string Etag,
    string Traceparent,
    DateTimeOffset At
) : WorkspaceCommand
{
    /// <summary>Whether the agent takes over fields that other field managers own.</summary>
    public bool TakesOwnership { get; init; }
}

/// <summary>An admin ends a workspace whose cluster does not answer.</summary>
internal sealed record AbandonWorkspace(ProviderStatus ProviderStatus, string Reason, DateTimeOffset At)
    : WorkspaceCommand;

/// <summary>The provider of the workspace is forgotten.</summary>
internal sealed record LoseWorkspace(string Reason, DateTimeOffset At) : WorkspaceCommand;

/// <summary>A report of the provider's current session.</summary>
internal sealed record ObserveWorkspace(
    string ProviderId,
    long Epoch,
    long Generation,
    long Version,
    ObservedState State,
    string Code,
    string Message,
    DateTimeOffset At
) : WorkspaceCommand
{
    /// <summary>Timeline of this generation as the agent knows it; empty if all of it was stored before.</summary>
    public ImmutableArray<TimelineEntry> Timeline { get; init; } = [];

    /// <summary>Size of the volume in the cluster; empty if there is none, null if not reported.</summary>
    public string? Disk { get; init; }

    /// <summary>
    /// Whether the agent asks for the desired state, because the objects differ from it and the agent does not have it.
    /// </summary>
    public bool WantsDesired { get; init; }

    /// <summary>Whether the report is part of a snapshot, which is compared with the database as a whole.</summary>
    public bool InSnapshot { get; init; }
}

/// <summary>
/// A cluster holds a generation that was never assigned, because the database was restored from an older copy.
/// </summary>
internal sealed record RaiseGeneration(long Seen, DateTimeOffset At) : WorkspaceCommand;

public abstract record WorkspaceEvent;

[EventName("workspace.created.v1")]
public sealed record WorkspaceCreated(
    string WorkspaceId,
    string OrganizationId,
    string Owner,
    string Name,
    string ProviderId,
    WorkspaceSpec Spec,
    string StorageClass,
    string Traceparent,
    DateTimeOffset At
) : WorkspaceEvent
{
    public string OwnerEmail { get; init; } = "";

    /// <summary>Details for its start, with filled-in templates.</summary>
    public WorkspaceDetails Details { get; init; } = WorkspaceDetails.None;
}

/// <summary>A workspace was adopted whose objects existed before.</summary>
[EventName("workspace.adopted.v1")]
public sealed record WorkspaceAdopted(
    string WorkspaceId,
    string OrganizationId,
    string Owner,
    string Name,
    string ProviderId,
    WorkspaceSpec Spec,
    string StorageClass,
    long Generation,
    string Traceparent,
    DateTimeOffset At
) : WorkspaceEvent
{
    public string OwnerEmail { get; init; } = "";

    /// <inheritdoc cref="WorkspaceCreated.Details"/>
    public WorkspaceDetails Details { get; init; } = WorkspaceDetails.None;

    public long RestartGeneration { get; init; }
}

/// <summary>An orphan is to be deleted. It becomes a known workspace, so that it is deleted like any other.</summary>
/// <param name="Name">As reported by its objects; another workspace may have it by now.</param>
[EventName("workspace.orphan_removal_requested.v1")]
public sealed record OrphanRemovalRequested(
    string WorkspaceId,
    string ProviderId,
    string Name,
    WorkspaceSpec Spec,
    string StorageClass,
    long Generation,
    string Traceparent,
    DateTimeOffset At
) : WorkspaceEvent;

[EventName("workspace.start_requested.v1")]
public sealed record WorkspaceStartRequested(long Generation, string Traceparent, DateTimeOffset At) : WorkspaceEvent
{
    /// <summary>Details from this start on; null in events of earlier versions.</summary>
    public WorkspaceDetails? Details { get; init; }
}

/// <summary>The workspace is to run in a new container, whether it is running or not.</summary>
[EventName("workspace.restart_requested.v1")]
public sealed record WorkspaceRestartRequested(long Generation, string Traceparent, DateTimeOffset At) : WorkspaceEvent
{
    /// <inheritdoc cref="WorkspaceStartRequested.Details"/>
    public WorkspaceDetails? Details { get; init; }
}

/// <summary>Used from the next start on.</summary>
[EventName("workspace.owner_email_changed.v1")]
public sealed record WorkspaceOwnerEmailChanged(string OwnerEmail, long Generation, DateTimeOffset At) : WorkspaceEvent;

/// <param name="Spec">The complete new spec.</param>
[EventName("workspace.spec_changed.v1")]
public sealed record WorkspaceSpecChanged(WorkspaceSpec Spec, long Generation, string Traceparent, DateTimeOffset At)
    : WorkspaceEvent
{
    /// <inheritdoc cref="UpdateWorkspace.TakesOwnership"/>
    public bool TakesOwnership { get; init; }
}

[EventName("workspace.stop_requested.v1")]
public sealed record WorkspaceStopRequested(long Generation, string Traceparent, DateTimeOffset At) : WorkspaceEvent;

[EventName("workspace.delete_requested.v1")]
public sealed record WorkspaceDeleteRequested(long Generation, string Traceparent, DateTimeOffset At) : WorkspaceEvent;

/// <summary>
/// The unchanged desired state was requested again because the cluster differs from it. The same generation is sent
/// again.
/// </summary>
[EventName("workspace.desired_state_repeated.v1")]
public sealed record DesiredStateRepeated(DesiredState Desired, long Generation, string Traceparent, DateTimeOffset At)
    : WorkspaceEvent;

[EventName("workspace.observed.v1")]
public sealed record WorkspaceObserved(
    long Epoch,
    long Generation,
    long Version,
    ObservedState State,
    string Code,
    string Message,
    DateTimeOffset At
) : WorkspaceEvent
{
    /// <summary>Timeline entries that were not stored before.</summary>
    public ImmutableArray<TimelineEntry> Timeline { get; init; } = [];

    /// <summary>Size of the volume in the cluster; empty if there is none, null if not reported.</summary>
    public string? Disk { get; init; }
}

/// <summary>The workspace has ended, and it is unknown whether anything of it still runs.</summary>
[EventName("workspace.lost.v1")]
public sealed record WorkspaceLost(string Reason, DateTimeOffset At) : WorkspaceEvent;

[EventName("workspace.generation_raised.v1")]
public sealed record GenerationRaised(long Generation) : WorkspaceEvent
{
    /// <summary>Unknown (the default) where 0.1 stored it.</summary>
    public DateTimeOffset At { get; init; }
}
