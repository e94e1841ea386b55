using Coder.Mesh.Agent.Reconcile;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>The objects of one workspace as last seen, what the cluster tells of them, and what the sink has been told.</summary>
internal sealed class HeldWorkspaceObjects(string id)
{
    private const int MostEvents = 32;

    private readonly Dictionary<string, PodObject> _pods = [];
    private readonly List<SeenEvent> _events = [];
    private DeploymentObject? _deployment;
    private ClaimObject? _claim;

    public string Id => id;

    public ClusterWorkspace? Told { get; set; }

    /// <summary>When it is to be looked at again though nothing has changed; null for never.</summary>
    public DateTimeOffset? Deadline { get; set; }

    public WorkspaceObjects Objects => new(_deployment, _claim, _pods.Values) { Events = _events };

    public void Put(ObjectKind kind, IClusterObject item)
    {
        if (kind == ObjectKind.Deployment)
            _deployment = (DeploymentObject)item;
        else if (kind == ObjectKind.Claim)
            _claim = (ClaimObject)item;
        else
            _pods[item.Metadata.Name] = (PodObject)item;
    }

    public void Remove(ObjectKind kind, IClusterObject item)
    {
        if (kind == ObjectKind.Deployment)
            _deployment = null;
        else if (kind == ObjectKind.Claim)
            _claim = null;
        else
            _pods.Remove(item.Metadata.Name);
        _events.RemoveAll(e => e.Uid == item.Metadata.Uid);
    }

    public void Clear(ObjectKind kind)
    {
        if (kind == ObjectKind.Deployment)
            _deployment = null;
        else if (kind == ObjectKind.Claim)
            _claim = null;
        else
            _pods.Clear();
    }

    /// <summary>Keeps the latest of each reason, and of all the latest ones: what they say is in the timeline by then.</summary>
    /// <returns>Whether it is news.</returns>
    public bool Hear(SeenEvent seen)
    {
        var known = _events.FindIndex(e => e.Uid == seen.Uid && e.Reason == seen.Reason);
        if (known >= 0)
        {
            if (_events[known].Last >= seen.Last)
                return false;
            _events[known] = seen with { First = _events[known].First };
            return true;
        }

        if (_events.Count >= MostEvents)
            _events.Remove(_events.MinBy(e => e.Last)!);
        _events.Add(seen);
        return true;
    }
}
