namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>
/// Keeps events of objects that have not been seen yet, since each kind has its own watch and they are not
/// synchronized. Most belong to workspaces that are about to be seen; events of other objects are dropped later.
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

    /// <summary>Removes and returns the events of a workspace, oldest first.</summary>
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
