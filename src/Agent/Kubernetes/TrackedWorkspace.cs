using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.V1;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>The objects of a workspace as last seen, Events about them, and what the sink has received.</summary>
/// <param name="since">When the first of them was seen.</param>
internal sealed class TrackedWorkspace(string id, DateTimeOffset since)
{
    private const int MaxEvents = 32;

    private readonly Dictionary<string, PodObject> _pods = [];
    private readonly Dictionary<string, PodObject> _foreignPods = [];
    private readonly Slot[] _slots = new Slot[(int)ObjectKind.Pod];
    private readonly List<SeenEvent> _events = [];
    private (ulong Generation, DateTimeOffset Since) _starting;

    /// <summary>The object of a kind of which there is one.</summary>
    private struct Slot
    {
        public IClusterObject? Item;

        // Name of the last object, even if it is gone.
        public string? Last;

        // Identity of the object, its generation, and when its fields were first seen.
        public (string? Uid, ulong Generation, DateTimeOffset? At, string Fields) First;
    }

    public string Id => id;

    public DateTimeOffset Since => since;

    public ClusterWorkspace? Published { get; set; }

    /// <summary>The differences that the sink has received and that are in the timeline.</summary>
    public IReadOnlyList<Difference> Differences { get; set; } = [];

    /// <summary>When to evaluate again even if no object changes; null for never.</summary>
    public DateTimeOffset? Deadline { get; set; }

    public WorkspaceObjects Objects =>
        new((DeploymentObject?)Find(ObjectKind.Deployment), (ClaimObject?)Find(ObjectKind.Claim), _pods.Values)
        {
            Events = _events,
            ForeignPods = _foreignPods.Values,
        };

    /// <summary>Whether it has no object.</summary>
    public bool None => _pods.Count == 0 && _foreignPods.Count == 0 && Array.TrueForAll(_slots, s => s.Item is null);

    /// <summary>Returns the object of a kind of which there is one.</summary>
    public IClusterObject? Find(ObjectKind kind) => _slots[(int)kind].Item;

    /// <summary>Returns the name of the last object of that kind; null if there never was one.</summary>
    public string? Last(ObjectKind kind) => _slots[(int)kind].Last;

    /// <summary>
    /// Returns the fields that the agent had set when the object was first seen after its last apply.
    /// </summary>
    public string FirstFields(ObjectKind kind, ObjectMeta metadata, OwnFields now)
    {
        ref var first = ref _slots[(int)kind].First;
        var generation = ObservedStates.Generation(metadata);
        // An object without its annotation, or with an older generation, is still the same. Changes of others do not
        // affect the time of the agent's last apply.
        if (first.Fields is null || first.Uid != metadata.Uid || generation > first.Generation || now.At > first.At)
            first = (metadata.Uid, generation, now.At, now.Hash);
        return first.Fields;
    }

    /// <summary>Returns since when it has been seen not running in its current generation.</summary>
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

    /// <summary>Stores an object of a kind of which there is one.</summary>
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

    /// <summary>
    /// Keeps the latest Event of each reason, and the latest ones overall; older ones are in the timeline.
    /// </summary>
    /// <returns>Whether it is new.</returns>
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
