namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>
/// Events of objects that have not been seen yet: each kind has a watch of its own, and they don't wait for each other. Max
/// are of workspaces about to be seen; some, of somebody else's objects, never find one.
/// </summary>
internal sealed class EarlyEvents
{
    public const int Max = 512;

    private readonly LinkedList<(string Id, SeenEvent Seen)> _events = [];

    public void Add(string workspaceId, SeenEvent seen)
    {
        _events.AddLast((workspaceId, seen));
        if (_events.Count > Max)
            _events.RemoveFirst();
    }

    /// <summary>Those of a workspace, oldest first; they are kept no longer.</summary>
    public IReadOnlyList<SeenEvent> Take(string workspaceId)
    {
        var found = new List<SeenEvent>();
        for (var node = _events.First; node is not null; )
        {
            var next = node.Next;
            if (node.Value.Id == workspaceId)
            {
                found.Add(node.Value.Seen);
                _events.Remove(node);
            }

            node = next;
        }

        return found;
    }
}
