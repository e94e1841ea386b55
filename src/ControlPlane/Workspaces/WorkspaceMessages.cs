using System.Collections.Immutable;
using Coder.Mesh.ControlPlane.Providers;

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

/// <summary>Quantities are Kubernetes quantities; the command is the image's own when empty.</summary>
public sealed record WorkspaceSpec(string Image, string Cpu, string Memory, string Disk, ImmutableArray<string> Command)
{
    /// <summary>Not for secrets: it is stored and shown as it is.</summary>
    public ImmutableSortedDictionary<string, string> Env { get; init; } =
        ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    /// <summary>Names of Secrets.</summary>
    public ImmutableArray<string> EnvFrom { get; init; } = [];

    /// <summary>Compares by content, which the equality of records doesn't do for lists and maps.</summary>
    public bool SameAs(WorkspaceSpec other) =>
        (Image, Cpu, Memory, Disk) == (other.Image, other.Cpu, other.Memory, other.Disk)
        && Command.SequenceEqual(other.Command)
        && Env.SequenceEqual(other.Env)
        && EnvFrom.SequenceEqual(other.EnvFrom);
}

internal abstract record WorkspaceCommand;

/// <param name="Traceparent">Of the call that asked for it. Kept, so that a later delivery still belongs to that trace.</param>
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
    /// <summary>Empty where it isn't known.</summary>
    public string OwnerEmail { get; init; } = "";

    /// <summary>As the provider's details are now.</summary>
    public WorkspaceDetails Details { get; init; } = WorkspaceDetails.None;
}

/// <summary>An admin takes over what a cluster holds and the store doesn't know.</summary>
/// <param name="Seen">The highest generation that the objects carry.</param>
/// <param name="SeenRestart">The restart generation that its pod was made with.</param>
internal sealed record AdoptWorkspace(CreateWorkspace As, long Seen, long SeenRestart) : WorkspaceCommand;

/// <summary>An admin has what a cluster holds and the store doesn't know deleted there.</summary>
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
/// <param name="Etag">The version of the workspace that the caller has seen; empty if it doesn't care.</param>
internal sealed record ChangeDesiredState(DesiredState Desired, string Etag, string Traceparent, DateTimeOffset At)
    : WorkspaceCommand
{
    /// <summary>As the provider's details are now, for a start.</summary>
    public WorkspaceDetails Details { get; init; } = WorkspaceDetails.None;
}

/// <inheritdoc cref="ChangeDesiredState"/>
internal sealed record RestartWorkspace(string Etag, string Traceparent, DateTimeOffset At) : WorkspaceCommand
{
    /// <inheritdoc cref="ChangeDesiredState.Details"/>
    public WorkspaceDetails Details { get; init; } = WorkspaceDetails.None;
}

/// <param name="Change">From the present spec to the desired one.</param>
/// <param name="OwnerEmail">Null to leave it as it is.</param>
/// <inheritdoc cref="ChangeDesiredState"/>
internal sealed record UpdateWorkspace(
    Func<WorkspaceSpec, WorkspaceSpec> Change,
    string? OwnerEmail,
    string Etag,
    string Traceparent,
    DateTimeOffset At
) : WorkspaceCommand
{
    /// <summary>The agent shall take over the fields that other field managers hold.</summary>
    public bool TakesOwnership { get; init; }
}

/// <summary>An admin ends it, for nobody else will.</summary>
internal sealed record AbandonWorkspace(ProviderStatus ProviderStatus, string Reason, DateTimeOffset At)
    : WorkspaceCommand;

/// <summary>Its provider is forgotten.</summary>
internal sealed record LoseWorkspace(string Reason, DateTimeOffset At) : WorkspaceCommand;

/// <summary>What the provider's current session reports.</summary>
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
    /// <summary>All that the agent knows of this generation; nothing if all of it was stored before.</summary>
    public ImmutableArray<TimelineEntry> Timeline { get; init; } = [];

    /// <summary>Size of the volume as the cluster has it; empty if there is none, null if the agent doesn't tell.</summary>
    public string? Disk { get; init; }

    /// <summary>The agent asks for the desired state: the objects differ from it, and it doesn't know it.</summary>
    public bool WantsDesired { get; init; }

    /// <summary>It is part of a snapshot, which is compared with the store as a whole.</summary>
    public bool InSnapshot { get; init; }
}

/// <summary>A cluster holds a generation that the store has never given out: the store is the older one.</summary>
internal sealed record RaiseGeneration(long Seen) : WorkspaceCommand;

public abstract record WorkspaceEvent;

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

    /// <summary>What it is started with, templates filled in.</summary>
    public WorkspaceDetails Details { get; init; } = WorkspaceDetails.None;
}

/// <summary>Its objects were there before: the store had lost it, or never known it.</summary>
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

/// <summary>Nobody adopted it: it is known from here on, so that it can be deleted like any other.</summary>
/// <param name="Name">As its objects told it; it may be another workspace's name by now.</param>
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

public sealed record WorkspaceStartRequested(long Generation, string Traceparent, DateTimeOffset At) : WorkspaceEvent
{
    /// <summary>What it is started with from here on; null in events from before there were any.</summary>
    public WorkspaceDetails? Details { get; init; }
}

/// <summary>It shall run in a container that is new, whether it ran before or not.</summary>
public sealed record WorkspaceRestartRequested(long Generation, string Traceparent, DateTimeOffset At) : WorkspaceEvent
{
    /// <inheritdoc cref="WorkspaceStartRequested.Details"/>
    public WorkspaceDetails? Details { get; init; }
}

/// <summary>Used from the next start on.</summary>
public sealed record WorkspaceOwnerEmailChanged(string OwnerEmail, long Generation, DateTimeOffset At) : WorkspaceEvent;

/// <param name="Spec">All of it, as it is from now on.</param>
public sealed record WorkspaceSpecChanged(WorkspaceSpec Spec, long Generation, string Traceparent, DateTimeOffset At)
    : WorkspaceEvent
{
    /// <inheritdoc cref="UpdateWorkspace.TakesOwnership"/>
    public bool TakesOwnership { get; init; }
}

public sealed record WorkspaceStopRequested(long Generation, string Traceparent, DateTimeOffset At) : WorkspaceEvent;

public sealed record WorkspaceDeleteRequested(long Generation, string Traceparent, DateTimeOffset At) : WorkspaceEvent;

/// <summary>
/// What is desired already was asked for once more, because the cluster differs from it: the same generation is sent again.
/// </summary>
public sealed record DesiredStateRepeated(DesiredState Desired, long Generation, string Traceparent, DateTimeOffset At)
    : WorkspaceEvent;

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
    /// <summary>What of the generation's timeline wasn't stored before.</summary>
    public ImmutableArray<TimelineEntry> Timeline { get; init; } = [];

    /// <summary>Size of the volume as the cluster has it; empty if there is none, null if the agent didn't tell.</summary>
    public string? Disk { get; init; }
}

/// <summary>It has ended, and nobody can tell what still runs of it.</summary>
public sealed record WorkspaceLost(string Reason, DateTimeOffset At) : WorkspaceEvent;

public sealed record GenerationRaised(long Generation) : WorkspaceEvent;
