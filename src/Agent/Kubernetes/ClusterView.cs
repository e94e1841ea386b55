using Coder.Mesh.Agent.Reconcile;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>
/// The objects of all workspaces as last seen, and what the sink has been told of them. Used by one thread at a time.
/// </summary>
/// <param name="removing">Whether the agent has asked for a workspace's deletion.</param>
/// <param name="gone">Told of every workspace of which nothing is left, before the sink is.</param>
internal sealed class ClusterView(IClusterSink sink, Func<string, bool> removing, Action<string> gone)
{
    private readonly Dictionary<string, Held> _workspaces = [];
    private readonly HashSet<ObjectKind> _listed = [];

    private bool Complete => _listed.Count == Enum.GetValues<ObjectKind>().Length;

    /// <summary>A whole list of one kind takes the place of all that was known of it.</summary>
    public void Replace(ObjectKind kind, IReadOnlyList<IClusterObject> objects)
    {
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
        if (Find(kind, item) is not { } held)
            return;
        held.Put(kind, item);
        if (Complete)
            Tell(held);
    }

    public void Delete(ObjectKind kind, IClusterObject item)
    {
        if (Find(kind, item) is not { } held)
            return;
        held.Remove(kind, item);
        if (Complete)
            Tell(held);
    }

    private Held? Find(ObjectKind kind, IClusterObject item)
    {
        // Labels can be put on anything by anybody: what doesn't have the name isn't the workspace's.
        if (item.Metadata.Labels?.WorkspaceId is not { Length: > 0 } id)
            return null;
        if (kind != ObjectKind.Pod && item.Metadata.Name != Names.Object(id))
            return null;
        if (!_workspaces.TryGetValue(id, out var held))
            _workspaces[id] = held = new Held(id);
        return held;
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
    }

    private void Tell(Held held)
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

    private ClusterWorkspace? Observe(Held held) =>
        ObservedStates.Of(held.Id, held.Objects, removing(held.Id), held.Told?.Generation ?? 0);

    private void Forget(Held held)
    {
        _workspaces.Remove(held.Id);
        gone(held.Id);
        if (held.Told is not null)
            sink.Gone(held.Id);
    }

    private sealed class Held(string id)
    {
        private readonly Dictionary<string, PodObject> _pods = [];
        private DeploymentObject? _deployment;
        private ClaimObject? _claim;

        public string Id => id;

        public ClusterWorkspace? Told { get; set; }

        public WorkspaceObjects Objects => new(_deployment, _claim, _pods.Values);

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
    }
}

/// <summary>The kinds of objects that a workspace's state is read from.</summary>
internal enum ObjectKind
{
    Deployment,
    Claim,
    Pod,
}
