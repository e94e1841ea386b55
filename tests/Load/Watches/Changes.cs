using System.Collections.Concurrent;
using Coder.Mesh.Protocol.Client;
using Coder.Mesh.V1;

namespace Coder.Mesh.Load.Watches;

/// <summary>Restarts workspaces at a rate that doesn't wait for answers; every tenth call has a rival.</summary>
internal sealed class Changes(MeshClient client, IReadOnlyList<string> workspaces, TimeProvider time)
{
    private const int Rivals = 10;

    private int _made;
    private int _askedAgain;

    /// <summary>By workspace and version: when the first answer that showed it came.</summary>
    public ConcurrentDictionary<(string Id, ulong Version), long> Answered { get; } = [];

    /// <summary>By workspace and version: when the call that was answered with it began.</summary>
    public ConcurrentDictionary<(string Id, ulong Version), long> Called { get; } = [];

    public int Made => Volatile.Read(ref _made);

    public int WithRival { get; private set; }

    /// <summary>Calls that the control plane gave up, for others always got there first.</summary>
    public int AskedAgain => Volatile.Read(ref _askedAgain);

    public async Task Run(int perSecond, TimeSpan duration, CancellationToken ct)
    {
        var calls = new List<Task>();
        var began = time.GetTimestamp();
        var total = (int)(perSecond * duration.TotalSeconds);
        for (var i = 0; i < total; i++)
        {
            // A rival goes out with the one before it, so that one of the two has to decide again.
            var rival = i % Rivals == 1;
            var due = TimeSpan.FromSeconds((double)(rival ? i - 1 : i) / perSecond) - time.GetElapsedTime(began);
            if (due > TimeSpan.Zero)
                await Task.Delay(due, time, ct);
            if (rival)
                WithRival++;
            calls.Add(Change(workspaces[(rival ? i - 1 : i) % workspaces.Count], ct));
        }

        await Task.WhenAll(calls);
    }

    /// <summary>Changes each workspace once, a few at a time.</summary>
    public Task Each(CancellationToken ct) =>
        Parallel.ForEachAsync(
            workspaces,
            new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = ct },
            async (id, token) => await Change(id, token)
        );

    private async Task Change(string id, CancellationToken ct)
    {
        var called = time.GetTimestamp();
        var changed = await Restart(new() { Workspace = id, RequestId = Guid.NewGuid().ToString("n") }, ct);
        Interlocked.Increment(ref _made);
        var answered = time.GetTimestamp();
        Answered.AddOrUpdate(
            (id, changed.Workspace.ResourceVersion),
            answered,
            (_, other) => Math.Min(other, answered)
        );
        // The answer may show a rival's version, which came later: the earlier call counts then.
        Called.AddOrUpdate((id, changed.Workspace.ResourceVersion), called, (_, other) => Math.Min(other, called));
    }

    private async Task<RestartWorkspaceResponse> Restart(RestartWorkspaceRequest request, CancellationToken ct)
    {
        while (true)
        {
            try
            {
                return await client.Workspaces.RestartWorkspaceAsync(request, cancellationToken: ct);
            }
            catch (MeshConflictException)
            {
                Interlocked.Increment(ref _askedAgain);
            }
        }
    }
}
