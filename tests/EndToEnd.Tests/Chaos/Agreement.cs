namespace Coder.Mesh.EndToEnd.Tests.Chaos;

/// <summary>Store and cluster say the same once all is quiet.</summary>
internal static class Agreement
{
    public static IEnumerable<string> Violations(
        History history,
        IReadOnlyDictionary<string, List<StoredEvent>> streams
    )
    {
        var shown = history.Workspaces.ToDictionary(w => w.WorkspaceId);
        var unfinished = new HashSet<string>();
        foreach (var (id, stream) in streams)
        {
            var last = stream.Last(e => Checker.DesiredChange(e.Kind) is not null);
            var desired = Desired(last.Kind);
            var state = stream.LastOrDefault(e => e.Kind == EventKind.Observed)?.State ?? State.Pending;
            if (!shown.TryGetValue(id, out var view))
                yield return $"{id} has events and is not shown";
            else if ((view.Generation, view.Desired, view.State) != (last.Generation, desired, state))
                yield return $"{id} is shown as {view}, and by its events it is {desired} {state} at {last.Generation}";
            if (state != Settled(desired))
                yield return $"{id} should be {desired} and has stayed {state}";
            if (desired == "Deleted")
                continue;
            unfinished.Add(id);
            foreach (var trouble in Held(id, desired == "Running" ? 1 : 0, last.Generation, history.Objects))
                yield return trouble;
        }

        foreach (var view in history.Workspaces.Where(w => !streams.ContainsKey(w.WorkspaceId)))
            yield return $"{view.WorkspaceId} is shown and has no events";
        foreach (var left in history.Objects.Where(o => !unfinished.Contains(o.WorkspaceId)))
            yield return $"the cluster has {left.Kind} {left.Name}, which is no unfinished workspace's";
    }

    private static IEnumerable<string> Held(
        string id,
        int replicas,
        long generation,
        IReadOnlyList<ClusterObject> objects
    )
    {
        var own = objects.Where(o => o.WorkspaceId == id).ToLookup(o => o.Kind);
        var wanted = new ClusterObject("deployments", $"ws-{id}", id, generation, replicas);
        if (!own[wanted.Kind].SequenceEqual([wanted]))
            yield return $"{id} should have {wanted} and has {string.Join(", ", own[wanted.Kind])}";
        if (!own["persistentvolumeclaims"].Select(o => o.Name).SequenceEqual([$"ws-{id}"]))
            yield return $"{id} should have one volume and has {string.Join(", ", own["persistentvolumeclaims"])}";
        if (own["pods"].Count() != replicas)
            yield return $"{id} should have {replicas} pods and has {string.Join(", ", own["pods"])}";
    }

    private static string Desired(EventKind last) =>
        last switch
        {
            EventKind.StopRequested => "Stopped",
            EventKind.DeleteRequested => "Deleted",
            _ => "Running",
        };

    private static State Settled(string desired) =>
        desired switch
        {
            "Stopped" => State.Stopped,
            "Deleted" => State.Deleted,
            _ => State.Running,
        };
}
