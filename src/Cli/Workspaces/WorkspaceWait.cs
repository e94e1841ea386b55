using Coder.Mesh.Cli.CallFailures;
using Coder.Mesh.Cli.Commands;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.V1;
using Grpc.Core;

namespace Coder.Mesh.Cli.Workspaces;

/// <summary>Looks at workspaces until each is as wished, or can't be any more.</summary>
/// <param name="whole">Whether a change that the cluster has refused a part of is a failure.</param>
internal sealed class WorkspaceWait(
    Invocation run,
    Batch batch,
    WorkspaceDesiredState wish,
    TimeSpan timeout,
    bool whole = false
)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    private bool _silent;

    /// <summary>Waits for all; who ends otherwise is told to the batch.</summary>
    /// <returns>The workspaces as last seen, in the same order.</returns>
    public async Task<Workspace[]> For(IReadOnlyList<Workspace> accepted, CancellationToken ct)
    {
        var seen = accepted.ToArray();
        try
        {
            await WaitProgress.Show(run.Output, seen, progress => Poll(accepted, seen, progress, ct));
        }
        catch (Exception) when (ct.IsCancellationRequested)
        {
            run.Output.Warning("no longer waiting; what was asked for stays asked for");
            throw;
        }
        return seen;
    }

    private async Task Poll(
        IReadOnlyList<Workspace> accepted,
        Workspace[] seen,
        WaitProgress progress,
        CancellationToken ct
    )
    {
        using var limit = new CancellationTokenSource(timeout, run.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        var timelines = accepted.Select(w => new WaitTimeline(run, w)).ToArray();
        var open = Enumerable.Range(0, seen.Length).ToList();
        try
        {
            while (true)
            {
                foreach (var i in open.ToArray())
                    if (await Look(accepted[i], seen, i, timelines[i], progress, either.Token))
                        open.Remove(i);
                if (open.Count == 0)
                    return;
                await Task.Delay(Interval, run.Time, either.Token);
            }
        }
        catch (Exception) when (limit.IsCancellationRequested && !ct.IsCancellationRequested)
        {
            foreach (var i in open)
                progress.Tell(() => batch.Fail(seen[i].Name, TookTooLong(seen[i])));
        }
    }

    /// <returns>Whether there is nothing more to wait for.</returns>
    private async Task<bool> Look(
        Workspace accepted,
        Workspace[] seen,
        int index,
        WaitTimeline timeline,
        WaitProgress progress,
        CancellationToken ct
    )
    {
        try
        {
            var request = new GetWorkspaceRequest { Workspace = accepted.Id };
            seen[index] = (await run.Client.Workspaces.GetWorkspaceAsync(request, cancellationToken: ct)).Workspace;
            if (wish == WorkspaceDesiredState.Running)
                progress.Happened(index, await timeline.News(seen[index], ct));
            _silent = false;
        }
        catch (RpcException e) when (!ct.IsCancellationRequested)
        {
            return Unread(accepted, e, progress);
        }

        var verdict = WaitVerdict.Of(seen[index], wish, accepted.Generation, whole);
        if (!verdict.Done)
            progress.Changed(index);
        else if (verdict.Failure is { } failure)
            progress.Tell(() => batch.Fail(accepted.Name, failure));
        else
            progress.Tell(() => Reached(accepted.Name, seen[index]));
        return verdict.Done;
    }

    private void Reached(string name, Workspace seen)
    {
        run.Output.Success($"workspace \"{name}\" is {Text.Word(seen.State)}");
        if (seen.StateCode.Length > 0)
            run.Output.Warning($"workspace \"{name}\": {seen.StateCode}", seen.StateMessage);
    }

    private bool Unread(Workspace accepted, RpcException error, WaitProgress progress)
    {
        var failure = RpcFailures.From(error, run.Target, run.Subject(accepted.Name));
        // A control plane that restarts loses no wish: the waiting goes on until its own timeout.
        var passing = failure.ExitCode == ExitCodes.Unreachable;
        if (!passing)
            progress.Tell(() => batch.Fail(accepted.Name, failure));
        else if (!_silent)
            progress.Note($"still waiting: {failure.Message}");
        _silent = passing;
        return !passing;
    }

    private Failure TookTooLong(Workspace last) =>
        new(
            $"workspace \"{last.Name}\" is not {Text.Word(wish)} after {Text.Span(timeout)}: it is {WaitProgress.How(last)}",
            ExitCodes.WaitFailed
        )
        {
            Details =
                last.StateMessage.Length > 0 && last.ObservedGeneration >= last.Generation
                    ? [$"cause: {last.StateMessage}"]
                    : [],
            Tips =
            [
                "what was asked for stays asked for; wait longer with --timeout",
                $"mesh workspaces show {last.Id}, and mesh providers show {last.Provider}",
            ],
        };
}
