using System.Collections.Concurrent;
using Coder.Mesh.Protocol.Client;
using Coder.Mesh.V1;

namespace Coder.Mesh.Load.Watches;

/// <summary>Follows workspaces, and notes when it was told each version.</summary>
internal sealed class Watcher(MeshClient client, WatchWorkspacesRequest filter, TimeProvider time)
{
    private readonly TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ConcurrentDictionary<(string Id, ulong Version), long> Told { get; } = [];

    /// <summary>Has been told all that there is.</summary>
    public Task Synced => _synced.Task;

    public async Task Run(CancellationToken stop)
    {
        try
        {
            await foreach (var e in client.WatchAsync(filter, stop))
            {
                if (e is WatchSynced<Workspace>)
                    _synced.TrySetResult();
                if (e is ResourceChanged<Workspace> { Resource: var workspace })
                    Told[(workspace.Id, workspace.ResourceVersion)] = time.GetTimestamp();
            }
        }
        catch (OperationCanceledException)
        {
            _synced.TrySetCanceled(stop);
        }
        catch (Exception e)
        {
            _synced.TrySetException(e);
            throw;
        }
    }

    /// <summary>Waits until it has told those of the versions that are of a workspace it watches.</summary>
    public async Task UntilTold(IEnumerable<(string Id, ulong Version)> versions, CancellationToken ct)
    {
        foreach (var version in versions.Where(v => Concerns(v.Id)))
        {
            while (!Told.ContainsKey(version))
                await Task.Delay(TimeSpan.FromMilliseconds(10), time, ct);
        }
    }

    /// <summary>
    /// How many versions it has not told: of these, and between the first and the last of each workspace.
    /// </summary>
    /// <param name="versions">By workspace.</param>
    public int Missed(ILookup<string, ulong> versions)
    {
        var concerned =
            filter.Workspace.Length > 0
                ? [(filter.Workspace, versions[filter.Workspace])]
                : versions.Select(v => (v.Key, v.AsEnumerable()));
        return concerned.Sum(w => w.Item2.Count(v => !Told.ContainsKey((w.Item1, v))))
            + Told.Keys.GroupBy(v => v.Id, v => v.Version).Sum(g => (int)(g.Max() - g.Min()) + 1 - g.Count());
    }

    private bool Concerns(string id) => filter.Workspace.Length == 0 || filter.Workspace == id;
}
