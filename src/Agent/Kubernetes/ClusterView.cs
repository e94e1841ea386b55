using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Shared;
using Coder.Mesh.V1;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>The objects of all workspaces as last seen, and what the sink has received. Not thread-safe.</summary>
/// <param name="removing">Whether the agent has requested the deletion of a workspace.</param>
/// <param name="gone">Called for every workspace without objects, before the sink is.</param>
/// <param name="isId">Whether a label can be the id of a workspace.</param>
internal sealed class ClusterView(
    DriverIdentity identity,
    IClusterSink sink,
    Func<string, bool> removing,
    Action<string> gone,
    TimeSpan pendingTimeout,
    TimeProvider time,
    Predicate<string> isId
)
{
    private static readonly ObjectKind[] StateKinds = [ObjectKind.Deployment, ObjectKind.Claim, ObjectKind.Pod];

    // Kinds of which a workspace has one object each.
    private static readonly ObjectKind[] Owned =
    [
        ObjectKind.Deployment,
        ObjectKind.Claim,
        ObjectKind.ServiceAccount,
        ObjectKind.NetworkPolicy,
        ObjectKind.Service,
    ];

    private readonly Dictionary<string, TrackedWorkspace> _workspaces = [];
    private readonly SortedSet<(DateTimeOffset At, string Id)> _deadlines = [];
    private readonly HashSet<ObjectKind> _listed = [];
    private readonly EarlyEvents _early = new();
    private readonly TaskCompletionSource _firstList = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when all kinds that determine a state have been listed.</summary>
    public Task FirstList => _firstList.Task;

    private bool Complete => StateKinds.All(_listed.Contains);

    /// <summary>Replaces all objects of one kind by those of a full list.</summary>
    public void Replace(ObjectKind kind, IReadOnlyList<IClusterObject> objects)
    {
        if (kind == ObjectKind.Event)
        {
            // Events only add: one that is no longer listed has still occurred.
            foreach (
                var tracked in objects
                    .Select(item => AddEvent((EventObject)item))
                    .OfType<TrackedWorkspace>()
                    .ToHashSet()
            )
                Publish(tracked);
            return;
        }

        foreach (var tracked in _workspaces.Values)
            tracked.Clear(kind);
        foreach (var item in objects)
            PutOne(kind, item);

        _listed.Add(kind);
        if (!Complete)
            return;
        if (StateKinds.Contains(kind))
            PublishAll();
        else
            foreach (var tracked in _workspaces.Values.ToList())
                Publish(tracked);
    }

    public void Put(ObjectKind kind, IClusterObject item)
    {
        if (kind == ObjectKind.Event)
        {
            if (AddEvent((EventObject)item) is { } about)
                Publish(about);
        }
        else if (PutOne(kind, item) is { } tracked && Complete)
        {
            Publish(tracked);
        }
    }

    public void Delete(ObjectKind kind, IClusterObject item)
    {
        if (kind == ObjectKind.Event || Find(kind, item) is not { } tracked)
            return;
        tracked.Remove(kind, item);
        if (Complete)
            Publish(tracked);
    }

    /// <summary>Reports workspaces that have waited for too long by now.</summary>
    /// <returns>When the next one will have; null if none waits.</returns>
    public DateTimeOffset? PassTime()
    {
        while (_deadlines.Count > 0 && _deadlines.Min is var due && due.At <= time.GetUtcNow())
        {
            SetDeadline(_workspaces[due.Id], null);
            Publish(_workspaces[due.Id]);
        }

        return _deadlines.Count > 0 ? _deadlines.Min.At : null;
    }

    private TrackedWorkspace? PutOne(ObjectKind kind, IClusterObject item)
    {
        if (IdOf(kind, item) is not { } id || !isId(id))
            return null;
        // A pod without the label no longer belongs to the Deployment. A pod that mounts the claim uses the disk,
        // whoever created it.
        var own = kind != ObjectKind.Pod || Names.IsPodOf(identity, id, item.Metadata.Labels);
        var uses = (item as PodObject)?.MountedWorkspace == id;
        if (!own && !uses)
        {
            Delete(kind, item);
            return null;
        }

        if (!_workspaces.TryGetValue(id, out var tracked))
        {
            // Anybody can choose names and labels.
            if (!uses && item.Metadata.Labels?.WorkspaceId != id && !Ownership.Applied(identity, item.Metadata))
                return null;
            _workspaces[id] = tracked = new TrackedWorkspace(id, time.GetUtcNow());
            foreach (var seen in _early.Take(id))
                tracked.AddEvent(seen);
        }

        if (item is PodObject pod)
            tracked.PutPod(pod, own);
        else
            tracked.Put(kind, item);
        return tracked;
    }

    private TrackedWorkspace? Find(ObjectKind kind, IClusterObject item) =>
        IdOf(kind, item) is { } id ? _workspaces.GetValueOrDefault(id) : null;

    // Anybody can add and remove labels, but the name of an object cannot change.
    private static string? IdOf(ObjectKind kind, IClusterObject item) =>
        kind == ObjectKind.Pod
            // The mounted claim of a pod cannot change.
            ? (item as PodObject)?.MountedWorkspace
                ?? item.Metadata.Labels?.WorkspaceId
                ?? Names.WorkspaceOf(item.Metadata.Name, generated: true)
            : Names.WorkspaceOf(item.Metadata.Name, generated: false);

    /// <returns>The workspace to report; null if nothing is new, or it is too early.</returns>
    private TrackedWorkspace? AddEvent(EventObject item)
    {
        var (id, seen) = (SeenEvent.WorkspaceOf(item)!, SeenEvent.Of(item));
        if (_workspaces.TryGetValue(id, out var tracked))
            return tracked.AddEvent(seen) && Complete ? tracked : null;
        _early.Add(id, seen);
        return null;
    }

    // Changes that happened while nobody watched are reported before the list.
    private void PublishAll()
    {
        foreach (var tracked in _workspaces.Values.ToList())
        {
            var now = Observe(tracked);
            if (now is null)
                Forget(tracked);
            else
                tracked.Published = now;
        }

        sink.Listed([.. _workspaces.Values.Select(w => w.Published).OfType<ClusterWorkspace>()]);
        _firstList.TrySetResult();
    }

    private void Publish(TrackedWorkspace tracked)
    {
        var now = Observe(tracked);
        if (now is null)
        {
            Forget(tracked);
        }
        else if (now != tracked.Published)
        {
            tracked.Published = now;
            sink.Changed(now);
        }
    }

    private ClusterWorkspace? Observe(TrackedWorkspace tracked)
    {
        var (before, objects) = (tracked.Published, tracked.Objects);
        var utcNow = time.GetUtcNow();
        var context = new EvaluationContext(utcNow, pendingTimeout) { StartingSince = tracked.StartingSince(utcNow) };
        var known = before?.Generation ?? 0;
        var (seen, deadline) = ObservedStates.Of(tracked.Id, objects, removing(tracked.Id), known, context);
        if (seen is not { } now)
        {
            SetDeadline(tracked, null);
            return null;
        }

        var listed = Owned.All(_listed.Contains);
        var graceOver = context.Now >= tracked.Since + ObjectDrift.Grace;
        IReadOnlyList<Difference> drift =
            listed && !removing(tracked.Id) ? [.. ObjectDrift.Of(tracked, identity, graceOver)] : [];
        var waits = listed && !graceOver && Owned.Any(kind => tracked.Last(kind) is null);
        SetDeadline(tracked, waits ? Earliest.Of(deadline, tracked.Since + ObjectDrift.Grace) : deadline);
        // Occurrences of this generation stay in the timeline even if the cluster no longer shows them, also while
        // objects are missing that would tell the generation.
        var same = before?.TimelineGeneration is { } last && now.Generation <= last;
        var (generation, timeline) = same
            ? (before!.TimelineGeneration!.Value, before.Timeline)
            : (now.Generation, Timeline.Empty);
        if (now.State != WorkspaceState.Deleting)
            timeline = timeline
                .With(DriftNotices.Of(tracked, drift, context.Now))
                .With(same ? DriftNotices.Repaired(tracked, drift, context.Now) : [])
                .With(BuildTimeline.Of(objects, now.Generation, context));
        tracked.Differences = drift;
        return now with
        {
            Timeline = timeline,
            TimelineGeneration = generation,
            Drift = Drift.Join(drift.Select(d => d.Id)),
        };
    }

    private void SetDeadline(TrackedWorkspace tracked, DateTimeOffset? deadline)
    {
        if (tracked.Deadline is { } before)
            _deadlines.Remove((before, tracked.Id));
        if (deadline is { } at)
            _deadlines.Add((at, tracked.Id));
        tracked.Deadline = deadline;
    }

    // Remaining objects may be the first to appear, or the last to disappear.
    private void Forget(TrackedWorkspace tracked)
    {
        if (tracked.None)
            _workspaces.Remove(tracked.Id);
        if (tracked.Published is null)
            return;
        tracked.Published = null;
        gone(tracked.Id);
        sink.Gone(tracked.Id);
    }
}

/// <summary>The kinds of objects that are watched.</summary>
internal enum ObjectKind
{
    Deployment,
    Claim,
    ServiceAccount,
    NetworkPolicy,
    Service,

    /// <summary>A workspace may have several of these, and one of each kind above.</summary>
    Pod,

    /// <summary>Events about the other kinds.</summary>
    Event,
}
