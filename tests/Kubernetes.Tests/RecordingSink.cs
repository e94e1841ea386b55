using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.V1;

namespace Coder.Mesh.Kubernetes.Tests;

/// <summary>Remembers what a driver said, and lets a test wait for what it will say.</summary>
internal sealed class RecordingSink : IClusterSink
{
    private readonly Lock _lock = new();
    private readonly List<object> _heard = [];
    private readonly List<(Func<object, bool> Wanted, TaskCompletionSource<object> Found)> _waiting = [];

    public IReadOnlyList<object> Heard
    {
        get
        {
            lock (_lock)
                return [.. _heard];
        }
    }

    public void Listed(IReadOnlyList<ClusterWorkspace> workspaces) => Hear(new ListedCall(workspaces));

    public void Changed(ClusterWorkspace workspace) => Hear(workspace);

    public void Gone(string workspaceId) => Hear(new GoneCall(workspaceId));

    /// <summary>Waits until a workspace is said to be so: by a change, or by a list that has overtaken it.</summary>
    public Task<ClusterWorkspace> Until(string id, WorkspaceState state, CancellationToken ct) =>
        Until(id, state, _ => true, ct);

    public async Task<ClusterWorkspace> Until(
        string id,
        WorkspaceState state,
        Predicate<ClusterWorkspace> besides,
        CancellationToken ct
    )
    {
        bool Wanted(ClusterWorkspace w) => w.Id == id && w.State == state && besides(w);
        ClusterWorkspace? Said(object call) =>
            call switch
            {
                ClusterWorkspace changed => Wanted(changed) ? changed : null,
                ListedCall listed => listed.Workspaces.FirstOrDefault(Wanted),
                _ => null,
            };
        return Said(await Until(call => Said(call) is not null, ct))!;
    }

    public Task UntilGone(string id, CancellationToken ct) => Until(e => e is GoneCall g && g.Id == id, ct);

    /// <summary>Waits for a full list, the next one after as many as have been heard.</summary>
    public async Task<IReadOnlyList<ClusterWorkspace>> UntilListed(int times, CancellationToken ct)
    {
        await Until(_ => Heard.OfType<ListedCall>().Count() >= times, ct);
        return Heard.OfType<ListedCall>().ElementAt(times - 1).Workspaces;
    }

    private async Task<object> Until(Func<object, bool> wanted, CancellationToken ct)
    {
        var found = new TaskCompletionSource<object>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (_heard.LastOrDefault(wanted) is { } already)
                return already;
            _waiting.Add((wanted, found));
        }

        try
        {
            return await found.Task.WaitAsync(TimeSpan.FromSeconds(120), ct);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"Not heard in 2 minutes. Heard: {string.Join("\n", Heard)}");
        }
    }

    private void Hear(object call)
    {
        List<TaskCompletionSource<object>> found;
        lock (_lock)
        {
            _heard.Add(call);
            found = [.. _waiting.Where(w => w.Wanted(call)).Select(w => w.Found)];
        }

        found.ForEach(f => f.TrySetResult(call));
    }

    internal sealed record ListedCall(IReadOnlyList<ClusterWorkspace> Workspaces);

    internal sealed record GoneCall(string Id);
}
