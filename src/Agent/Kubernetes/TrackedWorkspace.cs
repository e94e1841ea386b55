using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.V1;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>The objects of one workspace as last seen, what the cluster tells of them, and what the sink has been told.</summary>
/// <param name="since">When the first of them was seen.</param>
internal sealed class TrackedWorkspace(string id, DateTimeOffset since)
{
    private const int MaxEvents = 32;

    private readonly Dictionary<string, PodObject> _pods = [];
    private readonly Dictionary<string, PodObject> _foreignPods = [];
    private readonly Slot[] _slots = new Slot[(int)ObjectKind.Pod];
    private readonly List<SeenEvent> _events = [];
    private (ulong Generation, DateTimeOffset Since) _starting;

    /// <summary>For the one object of a kind.</summary>
    private struct Slot
    {
        public IClusterObject? Item;

        // Names the last one, though it may be gone.
        public string? Last;

        // Which object it was, of which generation, when its fields were first seen.
        public (string? Uid, ulong Generation, DateTimeOffset? At, string Fields) First;
    }

    public string Id => id;

    public DateTimeOffset Since => since;

    public ClusterWorkspace? Published { get; set; }

    /// <summary>The differences that were there when the sink was told last, and are in the timeline.</summary>
    public IReadOnlyList<Difference> Differences { get; set; } = [];

    /// <summary>When it is to be looked at again though nothing has changed; null for never.</summary>
    public DateTimeOffset? Deadline { get; set; }

    public WorkspaceObjects Objects =>
        new((DeploymentObject?)Find(ObjectKind.Deployment), (ClaimObject?)Find(ObjectKind.Claim), _pods.Values)
        {
            Events = _events,
            ForeignPods = _foreignPods.Values,
        };

    /// <summary>Nothing of it is there.</summary>
    public bool None => _pods.Count == 0 && _foreignPods.Count == 0 && Array.TrueForAll(_slots, s => s.Item is null);

    /// <summary>The object of a kind of which it has one.</summary>
    public IClusterObject? Find(ObjectKind kind) => _slots[(int)kind].Item;

    /// <summary>Names the last object of that kind that was there; null if none ever was.</summary>
    public string? Last(ObjectKind kind) => _slots[(int)kind].Last;

    /// <summary>The fields that the agent had set when an object was first seen as it was applied last.</summary>
    public string FirstFields(ObjectKind kind, ObjectMeta metadata, OwnFields now)
    {
        ref var first = ref _slots[(int)kind].First;
        var generation = ObservedStates.Generation(metadata);
        // One that has lost its annotation, or that says an older generation, is no other one by that. What others change
        // leaves the time of the agent's own last apply.
        if (first.Fields is null || first.Uid != metadata.Uid || generation > first.Generation || now.At > first.At)
            first = (metadata.Uid, generation, now.At, now.Hash);
        return first.Fields;
    }

    /// <summary>Since when it has been seen not to run in the generation that it has now.</summary>
    public DateTimeOffset StartingSince(DateTimeOffset now)
    {
        var generation = ObservedStates.Generation(Objects.Deployment?.Metadata);
        if (
            Published is not { State: WorkspaceState.Starting or WorkspaceState.Failed }
            || generation != _starting.Generation
        )
            _starting = (generation, now);
        return _starting.Since;
    }

    /// <param name="own">Whether a pod has the labels of the workspace's pods.</param>
    public void PutPod(PodObject pod, bool own)
    {
        var (to, from) = own ? (_pods, _foreignPods) : (_foreignPods, _pods);
        to[pod.Metadata.Name] = pod;
        from.Remove(pod.Metadata.Name);
    }

    /// <summary>For kinds of which it has one object each.</summary>
    public void Put(ObjectKind kind, IClusterObject item)
    {
        ref var slot = ref _slots[(int)kind];
        (slot.Item, slot.Last) = (item, ObservedStates.Subject(item.Metadata));
    }

    public void Remove(ObjectKind kind, IClusterObject item)
    {
        if (kind != ObjectKind.Pod)
            _slots[(int)kind].Item = null;
        else if (!_pods.Remove(item.Metadata.Name))
            _foreignPods.Remove(item.Metadata.Name);
        _events.RemoveAll(e => e.Uid == item.Metadata.Uid);
    }

    public void Clear(ObjectKind kind)
    {
        if (kind != ObjectKind.Pod)
        {
            _slots[(int)kind].Item = null;
            return;
        }

        _pods.Clear();
        _foreignPods.Clear();
    }

    /// <summary>Keeps the latest of each reason, and of all the latest ones: what they say is in the timeline by then.</summary>
    /// <returns>Whether it is news.</returns>
    public bool AddEvent(SeenEvent seen)
    {
        var known = _events.FindIndex(e => e.Uid == seen.Uid && e.Reason == seen.Reason);
        if (known >= 0)
        {
            if (_events[known].Last >= seen.Last)
                return false;
            _events[known] = seen with { First = _events[known].First };
            return true;
        }

        if (_events.Count >= MaxEvents)
            _events.Remove(_events.MinBy(e => e.Last)!);
        _events.Add(seen);
        return true;
    }
}
