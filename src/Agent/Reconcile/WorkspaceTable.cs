using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.V1;

namespace Coder.Mesh.Agent.Reconcile;

/// <summary>The records of all workspaces. Not thread-safe: the owner locks every call.</summary>
internal sealed class WorkspaceTable
{
    /// <summary>Maximum number of tombstones within a session; each takes a few hundred bytes.</summary>
    private const int MaxTombstones = 10_000;

    private readonly Dictionary<string, WorkspaceRecord> _records = [];
    private readonly Queue<string> _tombstones = new();

    public WorkspaceRecord? Find(string id) => _records.GetValueOrDefault(id);

    public void Clear()
    {
        _records.Clear();
        _tombstones.Clear();
    }

    /// <returns>False if the record did not change.</returns>
    public bool Update(string id, Func<WorkspaceRecord, WorkspaceRecord> change)
    {
        var before = _records.GetValueOrDefault(id) ?? new WorkspaceRecord(id);
        var after = change(before);
        if (ReferenceEquals(before, after))
            return false;
        if (after.Empty)
            _records.Remove(id);
        else
            _records[id] = after;
        if (after.Deleted && !before.Deleted)
            AddTombstone(id);
        return true;
    }

    public void ForgetDesired()
    {
        _tombstones.Clear();
        foreach (var id in _records.Keys.ToList())
            Update(id, r => r.Detached());
    }

    public IReadOnlyList<string> Retry() => [.. _records.Keys.ToList().Where(id => Update(id, r => r.Retried()))];

    /// <returns>Whether it has come to differ from what was applied, which has to be applied again.</returns>
    public bool Seen(ClusterWorkspace workspace)
    {
        var idle = Find(workspace.Id) is null or { Work: WorkKind.None };
        Update(workspace.Id, r => r.Seen(workspace));
        return idle && Find(workspace.Id) is { Work: WorkKind.Apply };
    }

    /// <returns>The remaining work.</returns>
    public WorkKind Gone(string id)
    {
        if (!_records.ContainsKey(id))
            return WorkKind.None;
        Update(id, r => r.SeenGone());
        return Find(id)?.Work ?? WorkKind.None;
    }

    /// <summary>Processes a full list: workspaces that are missing from it are gone.</summary>
    public (IReadOnlyList<string> Changed, IReadOnlyList<string> ToRemove, IReadOnlyList<string> ToRepair) Listed(
        IReadOnlyList<ClusterWorkspace> list
    )
    {
        var drifted = list.Where(Seen).Select(w => w.Id).ToList();
        var present = list.Select(w => w.Id).ToHashSet();
        var absent = _records.Keys.Where(id => !present.Contains(id)).ToList();
        var left = absent.ToLookup(Gone);
        return ([.. present, .. absent], [.. left[WorkKind.Remove]], [.. drifted, .. left[WorkKind.Apply]]);
    }

    public (WorkspaceReport? Report, string Traceparent) Report(string id)
    {
        if (Find(id) is not { } record || record.Report() is not { } report)
            return (null, "");
        var traceparent = record.Traceparent;
        if (record.Settles(report))
            _records[id] = record with { Traceparent = "" };
        return (report, traceparent);
    }

    /// <summary>
    /// Returns all records but those that wait for their first apply, which the cluster does not have yet.
    /// </summary>
    public IReadOnlyList<SnapshotEntry> Snapshot()
    {
        var entries = new List<SnapshotEntry>(_records.Count);
        foreach (var record in _records.Values)
            if (
                record.Report() is { } report
                && (
                    record.Cluster is not null
                    || report.State is WorkspaceState.Failed or WorkspaceState.Stopped or WorkspaceState.Deleted
                )
            )
                entries.Add(new SnapshotEntry(report, record.Cluster?.Held));
        return entries;
    }

    private void AddTombstone(string id)
    {
        _tombstones.Enqueue(id);
        while (_tombstones.Count > MaxTombstones)
        {
            var oldest = _tombstones.Dequeue();
            // It may have been created again by a newer desired state.
            if (Find(oldest) is { Deleted: true, Cluster: null })
                _records.Remove(oldest);
        }
    }
}
