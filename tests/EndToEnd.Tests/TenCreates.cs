using System.Collections.Concurrent;
using Coder.Mesh.EndToEnd.Tests.Harness;
using Coder.Mesh.V1;
using Grpc.Core;

namespace Coder.Mesh.EndToEnd.Tests;

/// <summary>Ten workspaces that are created while something is killed, and what each caller was told.</summary>
internal sealed class TenCreates(TestMesh mesh)
{
    private const int Count = 10;

    private readonly ConcurrentDictionary<string, string> _acknowledged = [];
    private readonly ConcurrentQueue<string> _unanswered = [];
    private int _sent;

    public int Acknowledged => _acknowledged.Count;

    /// <summary>Sends the next ones, each after the answer to the one before.</summary>
    public async Task SendInTurn(int count, CancellationToken ct)
    {
        for (var i = 0; i < count; i++)
            await Send(Next(), ct);
    }

    /// <summary>Sends the next ones all at once.</summary>
    public Task SendAtOnce(int count, CancellationToken ct) =>
        Task.WhenAll(Enumerable.Range(0, count).Select(_ => Next()).ToList().Select(name => Send(name, ct)));

    /// <summary>
    /// What was acknowledged is there once, in the list and in the store; what was not is there at most once; nothing
    /// else is.
    /// </summary>
    public async Task AssertNothingLost(CancellationToken ct)
    {
        var listed = await Eventually.Is(() => mesh.ListWorkspaces(ct), _ => true, "the workspaces can be listed", ct);
        var names = listed.Select(w => w.Name).Order().ToList();
        Assert.Equal(names.Distinct(), names);
        Assert.Empty(names.Except(_acknowledged.Keys).Except(_unanswered));
        Assert.Equal(
            _acknowledged.OrderBy(w => w.Key, StringComparer.Ordinal),
            listed
                .Where(w => _acknowledged.ContainsKey(w.Name))
                .OrderBy(w => w.Name, StringComparer.Ordinal)
                .Select(w => KeyValuePair.Create(w.Name, w.Id))
        );

        var created = await mesh.Store.Events("workspace.created.v1", ct);
        Assert.Equal(listed.Count, created.Count);
        Assert.All(_acknowledged.Values, id => Assert.Single(created, e => e.Contains(id, StringComparison.Ordinal)));
    }

    /// <summary>What a caller without an answer does: it tries again, and one that is there already is fine.</summary>
    public async Task RepeatUnanswered(CancellationToken ct)
    {
        while (_unanswered.TryDequeue(out var name))
        {
            try
            {
                await Eventually.Is(() => Create(name, ct), _ => true, $"{name} is created", ct);
            }
            catch (RpcException e) when (e.StatusCode == StatusCode.AlreadyExists)
            {
                // Stored, though its caller was never told.
            }
        }
    }

    /// <summary>
    /// Waits until all ten run and the provider is Ready, and looks into the store for what happened meanwhile.
    /// </summary>
    public async Task AssertAllRun(CancellationToken ct)
    {
        await mesh.UntilProvider(TestMesh.IsReady, "the provider is Ready", ct);
        var all = await Eventually.Is(
            () => mesh.ListWorkspaces(ct),
            all =>
                all.Count == Count
                && all.All(w => w.State == WorkspaceState.Running && w.ObservedGeneration == w.Generation),
            "all ten run",
            ct
        );
        Assert.Equal(Enumerable.Range(1, Count).Select(Name).Order(), all.Select(w => w.Name).Order());
        Assert.Equal(Count, (await mesh.Store.Events("workspace.created.v1", ct)).Count);

        // Pending to Ready at first: nothing has changed it since.
        Assert.Single(await mesh.Store.Events("presence.status_changed.v1", ct));
    }

    private string Next() => Name(Interlocked.Increment(ref _sent));

    private static string Name(int number) => $"dev-{number:00}";

    private async Task Send(string name, CancellationToken ct)
    {
        try
        {
            _acknowledged[name] = await Create(name, ct);
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.Unavailable)
        {
            // No answer. Any other status would be a refusal, and there is no reason for one.
            _unanswered.Enqueue(name);
        }
    }

    private async Task<string> Create(string name, CancellationToken ct)
    {
        var request = new CreateWorkspaceRequest
        {
            Name = name,
            Spec = new WorkspaceSpec
            {
                Image = "registry.example/dev:1",
                Cpu = "500m",
                Memory = "1Gi",
                Disk = "10Gi",
            },
        };
        var answer = await mesh.Workspaces.CreateWorkspaceAsync(
            request,
            deadline: TestMesh.Deadline,
            cancellationToken: ct
        );
        return answer.Workspace.Id;
    }
}
