using Coder.Mesh.Agent.Reconcile;
using Coder.Mesh.V1;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>
/// The objects of all workspaces as last seen, and what the sink has been told of them. Used by one thread at a time.
/// </summary>
/// <param name="removing">Whether the agent has asked for a workspace's deletion.</param>
/// <param name="gone">Told of every workspace of which nothing is left, before the sink is.</param>
internal sealed class ClusterView(
    IClusterSink sink,
    Func<string, bool> removing,
    Action<string> gone,
    TimeSpan pendingTimeout,
    TimeProvider time
)
{
    private static readonly ObjectKind[] Telling = [ObjectKind.Deployment, ObjectKind.Claim, ObjectKind.Pod];

    private readonly Dictionary<string, HeldWorkspaceObjects> _workspaces = [];
    private readonly SortedSet<(DateTimeOffset At, string Id)> _deadlines = [];
    private readonly HashSet<ObjectKind> _listed = [];
    private readonly EarlyEvents _early = new();
    private readonly TaskCompletionSource _firstList = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Done once all kinds that tell a state have been listed.</summary>
    public Task FirstList => _firstList.Task;

    private bool Complete => Telling.All(_listed.Contains);

    /// <summary>A whole list of one kind takes the place of all that was known of it.</summary>
    public void Replace(ObjectKind kind, IReadOnlyList<IClusterObject> objects)
    {
        if (kind == ObjectKind.Event)
        {
            // They only add: one that is listed no longer has happened all the same.
            foreach (
                var held in objects.Select(item => Hear((EventObject)item)).OfType<HeldWorkspaceObjects>().ToHashSet()
            )
                Tell(held);
            return;
        }

        foreach (var held in _workspaces.Values)
            held.Clear(kind);
        foreach (var item in objects)
        {
            if (Find(kind, item) is { } held)
                held.Put(kind, item);
        }

        _listed.Add(kind);
        if (Complete)
            TellAll();
    }

    public void Put(ObjectKind kind, IClusterObject item)
    {
        if (kind == ObjectKind.Event)
        {
            if (Hear((EventObject)item) is { } about)
                Tell(about);
        }
        else if (Find(kind, item) is { } held)
        {
            held.Put(kind, item);
            if (Complete)
                Tell(held);
        }
    }

    public void Delete(ObjectKind kind, IClusterObject item)
    {
        if (kind == ObjectKind.Event || Find(kind, item) is not { } held)
            return;
        held.Remove(kind, item);
        if (Complete)
            Tell(held);
    }

    /// <summary>Tells of workspaces that have waited for too long by now.</summary>
    /// <returns>When the next one will have; null if none waits.</returns>
    public DateTimeOffset? PassTime()
    {
        while (_deadlines.Count > 0 && _deadlines.Min is var due && due.At <= time.GetUtcNow())
        {
            Arm(_workspaces[due.Id], null);
            Tell(_workspaces[due.Id]);
        }

        return _deadlines.Count > 0 ? _deadlines.Min.At : null;
    }

    private HeldWorkspaceObjects? Find(ObjectKind kind, IClusterObject item)
    {
        // Labels can be put on anything by anybody: what doesn't have the name isn't the workspace's.
        if (item.Metadata.Labels?.WorkspaceId is not { Length: > 0 } id)
            return null;
        if (kind != ObjectKind.Pod && item.Metadata.Name != Names.Object(id))
            return null;
        if (!_workspaces.TryGetValue(id, out var held))
        {
            _workspaces[id] = held = new HeldWorkspaceObjects(id);
            foreach (var seen in _early.Take(id))
                held.Hear(seen);
        }

        return held;
    }

    /// <returns>Whom the sink is to be told of; null if it is no news, or not the time yet.</returns>
    private HeldWorkspaceObjects? Hear(EventObject item)
    {
        var (id, seen) = (SeenEvent.WorkspaceOf(item)!, SeenEvent.Of(item));
        if (_workspaces.TryGetValue(id, out var held))
            return held.Hear(seen) && Complete ? held : null;
        _early.Add(id, seen);
        return null;
    }

    // What a list no longer holds has gone unheard, while nobody watched: that is told before the list.
    private void TellAll()
    {
        foreach (var held in _workspaces.Values.ToList())
        {
            var now = Observe(held);
            if (now is null)
                Forget(held);
            else
                held.Told = now;
        }

        sink.Listed([.. _workspaces.Values.Select(h => h.Told!)]);
        _firstList.TrySetResult();
    }

    private void Tell(HeldWorkspaceObjects held)
    {
        var now = Observe(held);
        if (now is null)
        {
            Forget(held);
        }
        else if (now != held.Told)
        {
            held.Told = now;
            sink.Changed(now);
        }
    }

    private ClusterWorkspace? Observe(HeldWorkspaceObjects held)
    {
        var (before, objects) = (held.Told, held.Objects);
        var patience = new Patience(time.GetUtcNow(), pendingTimeout);
        var known = before?.Generation ?? 0;
        var (seen, deadline) = ObservedStates.Of(held.Id, objects, removing(held.Id), known, patience);
        Arm(held, deadline);
        if (seen is not { } now)
            return null;
        // What was seen of this generation stays told, though the cluster may no longer show it.
        var timeline = before?.Generation == now.Generation ? before.Timeline : Timeline.Empty;
        return now with
        {
            Timeline =
                now.State == WorkspaceState.Deleting
                    ? timeline
                    : timeline.With(BuildTimeline.Of(objects, now.Generation, patience)),
        };
    }

    private void Arm(HeldWorkspaceObjects held, DateTimeOffset? deadline)
    {
        if (held.Deadline is { } before)
            _deadlines.Remove((before, held.Id));
        if (deadline is { } at)
            _deadlines.Add((at, held.Id));
        held.Deadline = deadline;
    }

    private void Forget(HeldWorkspaceObjects held)
    {
        _workspaces.Remove(held.Id);
        gone(held.Id);
        if (held.Told is not null)
            sink.Gone(held.Id);
    }
}

/// <summary>The kinds of objects that are followed.</summary>
internal enum ObjectKind
{
    Deployment,
    Claim,
    Pod,

    /// <summary>What the cluster tells of the others.</summary>
    Event,
}
