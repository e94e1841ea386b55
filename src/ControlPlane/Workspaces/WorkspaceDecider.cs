using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.Protocol;

namespace Coder.Mesh.ControlPlane.Workspaces;

/// <summary>Rules of the life of a workspace. Pure functions: no clock, no I/O, no logger.</summary>
internal static class WorkspaceDecider
{
    /// <summary>Time after which an admin may abandon a deletion.</summary>
    public static readonly TimeSpan DeletionStuckAfter = TimeSpan.FromMinutes(5);

    /// <summary>Minimum interval at which an unchanged desired state is sent again on request.</summary>
    private static readonly TimeSpan RepeatedAtMostEvery = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How often what an agent reports of one workspace is stored, generations that it raises included: enough at once
    /// for a user who starts and stops, and no more than a few a minute of an agent that never rests.
    /// </summary>
    public static readonly Pace ReportPace = new(20, TimeSpan.FromSeconds(5));

    public static Decision<WorkspaceEvent> Decide(Workspace? state, WorkspaceCommand command) =>
        (state, command) switch
        {
            (null, CreateWorkspace c) => StartPolicy.With(
                c.Details,
                c.Name,
                c.OwnerEmail,
                details => Created(c, details)
            ),
            (_, CreateWorkspace c) => new Error(
                ErrorKind.AlreadyExists,
                ErrorReasons.WorkspaceExists,
                $"Workspace \"{c.Name}\" exists already."
            ),
            (null, AdoptWorkspace c) => StartPolicy.With(
                c.As.Details,
                c.As.Name,
                c.As.OwnerEmail,
                details => Adopted(c, details)
            ),
            (null, RemoveOrphan c) => Decision<WorkspaceEvent>.Emit(Removal(c)),
            (_, AdoptWorkspace or RemoveOrphan) => OrphanNotFound(state.WorkspaceId),
            // The workspace belongs to another database: an orphan, about which only admins decide.
            (null, ObserveWorkspace or RaiseGeneration) => Decision<WorkspaceEvent>.Nothing,
            (null, _) => Error.NotFound(ErrorReasons.WorkspaceNotFound, "There is no such workspace."),
            (_, ChangeDesiredState c) => SetDesired(state, c),
            (_, RestartWorkspace c) => Restart(state, c),
            (_, UpdateWorkspace c) => Update(state, c),
            (_, AbandonWorkspace c) => Abandon(state, c),
            (_, LoseWorkspace c) => state.Finished
                ? Decision<WorkspaceEvent>.Nothing
                : Decision<WorkspaceEvent>.Emit(new WorkspaceLost(c.Reason, c.At)),
            (_, ObserveWorkspace c) => Observe(state, c),
            (_, RaiseGeneration c) => Raise(state, c),
            _ => throw new ArgumentOutOfRangeException(nameof(command), command, "no rule for this command"),
        };

    private static WorkspaceCreated Created(CreateWorkspace c, WorkspaceDetails details) =>
        new(c.WorkspaceId, c.OrganizationId, c.Owner, c.Name, c.ProviderId, c.Spec, c.StorageClass, c.Traceparent, c.At)
        {
            OwnerEmail = c.OwnerEmail,
            Details = details,
        };

    private static WorkspaceAdopted Adopted(AdoptWorkspace c, WorkspaceDetails details) =>
        new(
            c.As.WorkspaceId,
            c.As.OrganizationId,
            c.As.Owner,
            c.As.Name,
            c.As.ProviderId,
            c.As.Spec,
            c.As.StorageClass,
            c.Seen + 1,
            c.As.Traceparent,
            c.As.At
        )
        {
            OwnerEmail = c.As.OwnerEmail,
            Details = details,
            RestartGeneration = c.SeenRestart,
        };

    private static OrphanRemovalRequested Removal(RemoveOrphan c) =>
        new(c.WorkspaceId, c.ProviderId, c.Name, c.Spec, c.StorageClass, c.Seen + 1, c.Traceparent, c.At);

    public static Error OrphanNotFound(string workspaceId) =>
        Error.NotFound(
            ErrorReasons.OrphanNotFound,
            $"The provider has no orphan \"{workspaceId}\": it has been adopted or removed, or its cluster holds it no longer."
        );

    private static Decision<WorkspaceEvent> SetDesired(Workspace state, ChangeDesiredState c)
    {
        if (WriteFields.Stale(c.Etag, state.Version) is { } stale)
            return stale;
        if (c.Desired == state.Desired)
            return Repeat(state, c);
        if (Over(state) is { } over)
            return over;

        var generation = state.Generation + 1;
        return c.Desired switch
        {
            DesiredState.Running => StartPolicy.With(
                c.Details,
                state.Name,
                state.OwnerEmail,
                details => new WorkspaceStartRequested(generation, c.Traceparent, c.At) { Details = details }
            ),
            DesiredState.Stopped => Decision<WorkspaceEvent>.Emit(
                new WorkspaceStopRequested(generation, c.Traceparent, c.At)
            ),
            DesiredState.Deleted => Decision<WorkspaceEvent>.Emit(
                new WorkspaceDeleteRequested(generation, c.Traceparent, c.At)
            ),
            _ => throw new ArgumentOutOfRangeException(nameof(c), c.Desired, "no rule for this desired state"),
        };
    }

    private static Decision<WorkspaceEvent> Repeat(Workspace state, ChangeDesiredState c) =>
        state.Finished || state.IsAsDesired || c.At - state.DesiredAt < RepeatedAtMostEvery
            ? Decision<WorkspaceEvent>.Nothing
            : Decision<WorkspaceEvent>.Emit(new DesiredStateRepeated(c.Desired, state.Generation, c.Traceparent, c.At));

    private static Error? Unusable(Workspace state, string etag) =>
        WriteFields.Stale(etag, state.Version) ?? Over(state);

    private static Error? Over(Workspace state) =>
        state.Desired == DesiredState.Deleted || state.Finished
            ? Error.Precondition(
                ErrorReasons.WorkspaceDeleting,
                state.Finished
                    ? $"Workspace \"{state.Name}\" has ended as {state.State}; create a new one instead."
                    : $"Workspace \"{state.Name}\" is being deleted; create a new one when it has ended."
            )
            : null;

    private static Decision<WorkspaceEvent> Restart(Workspace state, RestartWorkspace c) =>
        Unusable(state, c.Etag) is { } error
            ? error
            : StartPolicy.With(
                c.Details,
                state.Name,
                state.OwnerEmail,
                details => new WorkspaceRestartRequested(state.Generation + 1, c.Traceparent, c.At)
                {
                    Details = details,
                }
            );

    private static Decision<WorkspaceEvent> Update(Workspace state, UpdateWorkspace c)
    {
        if (Unusable(state, c.Etag) is { } error)
            return error;
        var spec = c.Change(state.Spec);
        if (new Fields().Spec(spec, state.Spec).Error is { } invalid)
            return invalid;
        if (Shrinks(state, spec.Disk) is { } shrinks)
            return shrinks;
        var events = new List<WorkspaceEvent>();
        if (c.OwnerEmail is { } email && email != state.OwnerEmail)
            events.Add(new WorkspaceOwnerEmailChanged(email, state.Generation, c.At));
        if (c.TakesOwnership || !spec.SameAs(state.Spec))
            events.Add(
                new WorkspaceSpecChanged(spec, state.Generation + 1, c.Traceparent, c.At)
                {
                    TakesOwnership = c.TakesOwnership,
                }
            );
        return new Decision<WorkspaceEvent>(events);
    }

    // A size that the cluster refused may be reduced again, down to the actual size.
    private static Error? Shrinks(Workspace state, string disk)
    {
        var least = state.Disk ?? state.Spec.Disk;
        return
            Quantities.Compare(disk, state.Spec.Disk) == 0 || least.Length == 0 || Quantities.Compare(disk, least) >= 0
            ? null
            : new Fields()
                .Violated("spec.disk", $"must be at least {least}, its current size: a disk cannot shrink")
                .Error;
    }

    private static Decision<WorkspaceEvent> Abandon(Workspace state, AbandonWorkspace c)
    {
        if (state.Finished)
            return Error.Precondition(
                ErrorReasons.WorkspaceDeleting,
                $"Workspace \"{state.Name}\" has ended already ({state.State})."
            );
        var stuck = state.Desired == DesiredState.Deleted && c.At - state.StateAt >= DeletionStuckAfter;
        return stuck || c.ProviderStatus == ProviderStatus.Error
            ? Decision<WorkspaceEvent>.Emit(new WorkspaceLost(c.Reason, c.At))
            : Error.Precondition(
                ErrorReasons.WorkspaceNotStuck,
                $"Workspace \"{state.Name}\" can still be deleted normally: its provider is {c.ProviderStatus}, and no deletion of it "
                    + $"has been pending for {DeletionStuckAfter.TotalMinutes:0} minutes. Run \"mesh workspaces rm {state.Name}\"."
            );
    }

    /// <summary>Returns how long what follows from an agent's report has to wait before it may be stored.</summary>
    public static TimeSpan Wait(Workspace? state, Decision<WorkspaceEvent> decision, DateTimeOffset at) =>
        state is null || decision.Events.Count == 0 ? TimeSpan.Zero : ReportPace.Wait(state.ReportPaceFullAt, at);

    private static Decision<WorkspaceEvent> Raise(Workspace state, RaiseGeneration c)
    {
        if (state.Finished || c.Seen <= state.Generation)
            return Decision<WorkspaceEvent>.Nothing;
        if (ReportPace.Wait(state.ReportPaceFullAt, c.At) > TimeSpan.Zero)
            return new Error(
                ErrorKind.Aborted,
                ErrorReasons.ConcurrentChange,
                $"The agent of workspace \"{state.Name}\" reports higher generations too often. Try again."
            );
        return Decision<WorkspaceEvent>.Emit(new GenerationRaised(c.Seen + 1) { At = c.At });
    }

    private static Decision<WorkspaceEvent> Observe(Workspace state, ObserveWorkspace c)
    {
        if (!Counts(state, c))
            return Decision<WorkspaceEvent>.Nothing;
        // The objects carry a generation that was never assigned: the database was restored, or the objects were
        // edited.
        if (c.Generation > state.Generation)
            return new Decision<WorkspaceEvent>([
                new GenerationRaised(c.Generation + 1) { At = c.At },
                .. Observe(state with { Generation = c.Generation + 1 }, c).Events,
            ]);
        if (state.Desired == DesiredState.Deleted)
        {
            // A report of an older generation does not turn Deleting into another state.
            if (c.Generation < state.Generation || !EndsOrFails(c.State))
                return Decision<WorkspaceEvent>.Nothing;
        }
        else if (c.State == ObservedState.Deleted)
        {
            return Decision<WorkspaceEvent>.Nothing;
        }

        var same =
            c.State == state.State
            && c.Code == state.StateCode
            && c.Message == state.StateMessage
            && c.Generation == state.ObservedGeneration
            && (c.Disk ?? state.Disk) == state.Disk;
        var news = state.Timeline.News(c.Generation, c.Timeline);
        return same && news.IsEmpty
            ? Decision<WorkspaceEvent>.Nothing
            : Decision<WorkspaceEvent>.Emit(
                new WorkspaceObserved(c.Epoch, c.Generation, c.Version, c.State, c.Code, c.Message, c.At)
                {
                    Timeline = news,
                    Disk = c.Disk,
                }
            );
    }

    /// <summary>
    /// Whether the desired state has to be sent again to an agent that has received it: the report shows a state that
    /// cannot result from it, or that it had reached and has left.
    /// </summary>
    public static bool Contradicts(Workspace? state, ObserveWorkspace c)
    {
        if (state is null || c.InSnapshot || !Counts(state, c))
            return false;
        return c.WantsDesired
            || c.Generation > state.Generation
            || (c.Generation < state.ObservedGeneration && state.Desired != DesiredState.Deleted)
            || (c.Generation == state.Generation && Contradicts(state.Desired, c.State));
    }

    /// <summary>Whether a state is never on the way to the desired one, in the generation that desires it.</summary>
    public static bool Contradicts(DesiredState desired, ObservedState seen) =>
        desired switch
        {
            DesiredState.Running => seen is ObservedState.Stopping or ObservedState.Stopped,
            DesiredState.Stopped => seen is ObservedState.Starting or ObservedState.Running,
            _ => false,
        };

    private static bool Counts(Workspace state, ObserveWorkspace c) =>
        !state.Finished && c.ProviderId == state.ProviderId && !IsStale(state, c);

    // Not by generation: that of the objects decreases when somebody deletes or restores them, and the report is true.
    private static bool IsStale(Workspace state, ObserveWorkspace c) =>
        (c.Epoch, c.Version).CompareTo((state.ObservedEpoch, state.ObservedVersion)) <= 0;

    private static bool EndsOrFails(ObservedState state) =>
        state is ObservedState.Deleting or ObservedState.Deleted or ObservedState.Failed;
}
