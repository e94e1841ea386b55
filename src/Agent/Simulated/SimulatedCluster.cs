using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.Shared;
using Coder.Mesh.V1;

namespace Coder.Mesh.Agent.Simulated;

/// <summary>The workspaces of a cluster in memory. Not thread-safe: the owner locks every call.</summary>
/// <remarks>Has no clock: times are passed in, and <see cref="NextStep"/> tells when something is due.</remarks>
internal sealed class SimulatedCluster(SimulatedOptions options, StagedApi api)
{
    private readonly Dictionary<string, SimulatedWorkspace> _workspaces = [];

    public IReadOnlyList<ClusterWorkspace> List() => [.. _workspaces.Values.Select(w => w.Seen)];

    /// <summary>When the next step of any workspace is due; null if none is.</summary>
    public DateTimeOffset? NextStep => _workspaces.Values.Min(w => w.Due);

    /// <returns>The workspace if it was changed.</returns>
    public ClusterWorkspace? Apply(WorkspaceDesired desired, DateTimeOffset now)
    {
        var known = _workspaces.GetValueOrDefault(desired.WorkspaceId);
        var before = known?.Seen;
        if (before?.Generation > desired.Generation || before?.State == WorkspaceState.Deleting)
            return null;

        var run = desired.Power == WorkspacePower.Running;
        var settled = run ? WorkspaceState.Running : WorkspaceState.Stopped;
        if (before?.State == settled && !(run && NeedsNewContainer(known!, desired)))
            return Set(
                before with
                {
                    Generation = desired.Generation,
                    Held = Held(desired),
                    Timeline = before.Generation == desired.Generation ? before.Timeline : Timeline.Empty,
                },
                due: null
            );

        return Begin(known, desired, now);
    }

    /// <summary>Begins a start or a stop.</summary>
    private ClusterWorkspace Begin(SimulatedWorkspace? known, WorkspaceDesired desired, DateTimeOffset now)
    {
        var run = desired.Power == WorkspacePower.Running;
        var volume = known?.Volume ?? Guid.NewGuid().ToString("n")[..8];
        var before = known?.Seen.Generation == desired.Generation ? known.Seen.Timeline : Timeline.Empty;
        var seen = new ClusterWorkspace(
            desired.WorkspaceId,
            desired.Generation,
            run ? WorkspaceState.Starting : WorkspaceState.Stopping,
            Message: "Simulated.",
            Held: Held(desired)
        )
        {
            Timeline = run ? before.With(SimulatedTimeline.Bound(volume, now)) : before,
        };
        _workspaces[seen.Id] = new SimulatedWorkspace(
            seen,
            now + Delay(run ? "start" : "stop", seen),
            known?.Failures ?? 0,
            desired.RestartGeneration,
            volume,
            (known?.Starts ?? 0) + (run ? 1 : 0),
            now
        );
        return seen;
    }

    // As in a Deployment, everything but the disk is part of the pod.
    private static bool NeedsNewContainer(SimulatedWorkspace known, WorkspaceDesired desired)
    {
        if (known.RestartGeneration != desired.RestartGeneration)
            return true;
        var (there, wanted) = (known.Seen.Held!.Spec.Clone(), desired.Spec.Clone());
        there.Disk = wanted.Disk = "";
        return !there.Equals(wanted);
    }

    /// <returns>The workspace that is being deleted; null if there is none.</returns>
    public ClusterWorkspace? Remove(string id, DateTimeOffset now)
    {
        if (!_workspaces.TryGetValue(id, out var workspace))
            return null;
        return workspace.Seen.State == WorkspaceState.Deleting
            ? workspace.Seen
            : Set(
                workspace.Seen with
                {
                    State = WorkspaceState.Deleting,
                    Code = "",
                    Message = "Simulated.",
                },
                now + Delay("delete", workspace.Seen)
            );
    }

    /// <summary>Executes all due steps.</summary>
    /// <returns>The changes; a null workspace was deleted.</returns>
    public IReadOnlyList<(string Id, ClusterWorkspace? Workspace)> Step(DateTimeOffset now)
    {
        var changes = new List<(string, ClusterWorkspace?)>();
        foreach (var (id, workspace) in _workspaces.Where(w => w.Value.Due <= now).OrderBy(w => w.Value.Due).ToList())
        {
            var before = workspace.Seen;
            var after = StepOne(before, now);
            if (before.State is WorkspaceState.Stopping or WorkspaceState.Deleting)
                WakeNext(now);
            if (after != before)
                changes.Add((id, after));
        }

        return changes;
    }

    private ClusterWorkspace? StepOne(ClusterWorkspace seen, DateTimeOffset now)
    {
        var workspace = _workspaces[seen.Id];
        switch (seen.State)
        {
            case WorkspaceState.Deleting:
                _workspaces.Remove(seen.Id);
                return null;
            case WorkspaceState.Stopping:
                return End(seen, WorkspaceState.Stopped, [SimulatedTimeline.Stopped(seen.Generation, now)]);
            case WorkspaceState.Starting when workspace.WaitsUntil <= now:
                return Overdue(workspace, now);
            case WorkspaceState.Starting when FailureOf(seen) is { } rule:
                return FailStart(workspace, rule, now);
            case WorkspaceState.Starting or WorkspaceState.Failed when IsFull():
                return WaitForRoom(workspace, now);
            default:
                return End(
                    seen,
                    WorkspaceState.Running,
                    SimulatedTimeline.Started(workspace.Pod, workspace.Began, now)
                );
        }
    }

    private ClusterWorkspace End(ClusterWorkspace seen, WorkspaceState state, IEnumerable<TimelineStep> steps) =>
        Set(
            seen with
            {
                State = state,
                Code = "",
                Message = "Simulated.",
                Timeline = seen.Timeline.With(steps),
            },
            due: null
        );

    private ClusterWorkspace FailStart(SimulatedWorkspace workspace, FailureRule rule, DateTimeOffset now)
    {
        var seen = workspace.Seen;
        var message = $"Simulated: {rule.Message ?? FailurePlan.Kinds[rule.Kind]}";
        if (FailurePlan.MayPass(rule.Kind))
        {
            var waiting = SimulatedTimeline.Waiting(workspace.Pod, workspace.Began, now, rule.Kind, message);
            return Wait(seen, now, rule.Kind, message, seen.Timeline.With(waiting), failed: true);
        }

        var failed = SimulatedTimeline.Failed(workspace.Pod, workspace.Began, now, rule.Kind, message);
        return Set(
            seen with
            {
                State = WorkspaceState.Failed,
                Code = rule.Kind,
                Message = message,
                Timeline = seen.Timeline.With(failed),
            },
            due: null,
            failed: true
        );
    }

    /// <summary>Has the workspace wait for capacity, until <see cref="WakeNext"/>.</summary>
    private ClusterWorkspace WaitForRoom(SimulatedWorkspace workspace, DateTimeOffset now)
    {
        var message = $"Simulated: 0/1 nodes are available: 1 Too many pods, {options.Capacity} run at once.";
        var timeline = workspace.Seen.Timeline.With(SimulatedTimeline.Full(workspace.Pod, now, message));
        return Wait(workspace.Seen, now, ClusterCodes.Unschedulable, message, timeline, forRoom: true);
    }

    private ClusterWorkspace Wait(
        ClusterWorkspace seen,
        DateTimeOffset now,
        string code,
        string message,
        Timeline timeline,
        bool failed = false,
        bool forRoom = false
    )
    {
        // A workspace that has waited for too long is failed, but continues to wait.
        DateTimeOffset? until = seen.State == WorkspaceState.Failed ? null : now + options.PendingTimeout;
        seen = seen with { Code = code, Message = message, Timeline = timeline };
        return Set(seen, due: until, failed, forRoom, until);
    }

    private ClusterWorkspace Overdue(SimulatedWorkspace workspace, DateTimeOffset now)
    {
        var seen = workspace.Seen;
        var message = $"{seen.Message} (for longer than {Durations.Format(options.PendingTimeout)})";
        var timeline = seen.Timeline.With(SimulatedTimeline.Ended(workspace.Pod, now, seen.Code, message));
        seen = seen with { State = WorkspaceState.Failed, Message = message, Timeline = timeline };
        return Set(seen, due: null, forRoom: workspace.WaitsForRoom);
    }

    private FailureRule? FailureOf(ClusterWorkspace seen) =>
        FailurePlan.Find(
            options.Failures,
            options.Seed,
            seen.Id,
            seen.Held?.Name ?? "",
            _workspaces[seen.Id].Starts - 1,
            _workspaces[seen.Id].Failures,
            api.Age
        );

    // The workspace that has waited longest; its next step checks the capacity again.
    private void WakeNext(DateTimeOffset now)
    {
        var next = _workspaces.Values.Where(w => w.WaitsForRoom).MinBy(w => w.Began);
        if (next is not null && !IsFull())
            _workspaces[next.Seen.Id] = next with { WaitsForRoom = false, WaitsUntil = null, Due = now };
    }

    private bool IsFull() =>
        options.Capacity is { } capacity
        && _workspaces.Values.Count(w => w.Seen.State is WorkspaceState.Running or WorkspaceState.Stopping) >= capacity;

    private ClusterWorkspace Set(
        ClusterWorkspace seen,
        DateTimeOffset? due,
        bool failed = false,
        bool forRoom = false,
        DateTimeOffset? waitsUntil = null
    )
    {
        var before = _workspaces[seen.Id];
        _workspaces[seen.Id] = before with
        {
            Seen = seen,
            Due = due,
            Failures = before.Failures + (failed ? 1 : 0),
            WaitsForRoom = forRoom,
            WaitsUntil = waitsUntil,
        };
        return seen;
    }

    private static HeldWorkspace Held(WorkspaceDesired desired) =>
        new()
        {
            Name = desired.Name,
            Spec = desired.Spec,
            StorageClass = desired.StorageClass,
            Generation = desired.Generation,
        };

    // By name, since ids differ in each run.
    private TimeSpan Delay(string step, ClusterWorkspace of)
    {
        var name = of.Held is { Name.Length: > 0 } held ? held.Name : of.Id;
        var draw = StagedTime.Draw(options.Seed, step, name, $"{of.Generation}");
        var text =
            step == "start" ? options.Delays.Start
            : step == "stop" ? options.Delays.Stop
            : options.Delays.Delete;
        var range =
            text is not null && StagedTime.TryRange(text, out var staged)
                ? staged
                : (Min: options.Delay * 0.2, Max: options.Delay);
        return range.Min + (range.Max - range.Min) * draw;
    }
}
