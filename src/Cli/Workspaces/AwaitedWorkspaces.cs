using Coder.Mesh.Cli.CallFailures;
using Coder.Mesh.Cli.Commands;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.Cli.Watching;
using Coder.Mesh.Protocol.Client;
using Coder.Mesh.V1;
using Grpc.Core;

namespace Coder.Mesh.Cli.Workspaces;

/// <summary>The workspaces that one command waits for, and the watch that reports their changes.</summary>
/// <param name="run">The run.</param>
/// <param name="accepted">As the control plane answered the writes.</param>
/// <param name="seen">As last read; updated in place.</param>
/// <param name="desired">The state to wait for.</param>
/// <param name="whole">Whether a change that the cluster rejected in part is a failure.</param>
/// <param name="progress">Shows what changes.</param>
internal sealed class AwaitedWorkspaces(
    Invocation run,
    IReadOnlyList<Workspace> accepted,
    Workspace[] seen,
    WorkspaceDesiredState desired,
    bool whole,
    WaitProgress progress
)
{
    // A name and an id may mean the same workspace.
    private readonly ILookup<string, int> _indexes = Enumerable
        .Range(0, accepted.Count)
        .ToLookup(i => accepted[i].Id, StringComparer.Ordinal);
    private readonly WaitTimeline[] _timelines = [.. accepted.Select(w => new WaitTimeline(run, w))];
    private readonly SortedSet<int> _open = [.. Enumerable.Range(0, accepted.Count)];
    private readonly HashSet<string> _unlisted = [.. accepted.Select(w => w.Id)];
    private bool _interrupted;

    /// <summary>Indexes of those that are still awaited.</summary>
    public IReadOnlyCollection<int> Open => _open;

    /// <summary>Watches until none is awaited anymore.</summary>
    /// <exception cref="RpcException">The watch was rejected, or cannot be resumed.</exception>
    public async Task Follow(Batch batch, CancellationToken ct)
    {
        await foreach (var happened in new WatchedWorkspaces(run.Client, Filter(), run.Time).Run(ct))
        {
            await Apply(happened, batch, ct);
            if (_open.Count == 0)
                return;
        }
    }

    // A list cannot select several workspaces by id, so it is narrowed to what they have in common.
    private WatchWorkspacesRequest Filter() =>
        _indexes.Count == 1
            ? new WatchWorkspacesRequest { Workspace = accepted[0].Id, IncludeEnded = true }
            : new WatchWorkspacesRequest { Organization = Common(w => w.Organization), Owner = Common(w => w.Owner) };

    private string Common(Func<Workspace, string> field) =>
        accepted.All(w => field(w) == field(accepted[0])) ? field(accepted[0]) : "";

    private async Task Apply(WatchEvent<Workspace> happened, Batch batch, CancellationToken ct)
    {
        switch (happened)
        {
            case ResourceChanged<Workspace> { Resource: var workspace }:
                _unlisted.Remove(workspace.Id);
                await Update(workspace, batch, ct);
                break;
            case ResourceRemoved<Workspace> { Resource: var workspace }:
                _unlisted.Remove(workspace.Id);
                if (workspace.State is WorkspaceState.Deleted or WorkspaceState.Lost)
                    await Update(workspace, batch, ct);
                else
                    await Read(workspace.Id, batch, ct);
                break;
            case WatchSynced<Workspace>:
                // Those that had ended before the list was read are not in it.
                foreach (var id in _unlisted)
                    await Read(id, batch, ct);
                _unlisted.Clear();
                break;
            case WatchInterrupted<Workspace> { Cause: var cause } when !_interrupted:
                progress.Note($"still waiting: {Interruption.Message(run, cause)}");
                break;
        }
        _interrupted = happened is WatchInterrupted<Workspace> || _interrupted && happened is WatchSynced<Workspace>;
    }

    private async Task Read(string id, Batch batch, CancellationToken ct)
    {
        if (!_indexes[id].Any(_open.Contains))
            return;
        try
        {
            var request = new GetWorkspaceRequest { Workspace = id };
            var answer = await run.Client.Workspaces.GetWorkspaceAsync(request, cancellationToken: ct);
            await Update(answer.Workspace, batch, ct);
        }
        catch (MeshNotFoundException e)
        {
            foreach (var i in _indexes[id].Where(_open.Remove))
            {
                var name = accepted[i].Name;
                progress.Defer(() => batch.Fail(name, RpcFailures.From(e, run.Target, run.Subject(name))));
            }
        }
    }

    private async Task Update(Workspace workspace, Batch batch, CancellationToken ct)
    {
        foreach (var i in _indexes[workspace.Id].Where(_open.Contains).ToArray())
        {
            seen[i] = workspace;
            if (desired == WorkspaceDesiredState.Running)
                progress.Happened(i, await _timelines[i].News(workspace, ct));
            var verdict = WaitVerdict.Of(workspace, desired, accepted[i].Generation, whole);
            var name = accepted[i].Name;
            if (!verdict.Done)
                progress.Changed(i);
            else if (verdict.Failure is { } failure)
                progress.Defer(() => batch.Fail(name, failure));
            else
                progress.Defer(() => Reached(name, workspace));
            if (verdict.Done)
                _open.Remove(i);
        }
    }

    private void Reached(string name, Workspace workspace)
    {
        run.Output.Success($"workspace/{name} {Text.Word(workspace.State)}");
        if (workspace.StateCode.Length > 0)
            run.Output.Warning($"workspace/{name}: {workspace.StateCode}", workspace.StateMessage);
    }
}
