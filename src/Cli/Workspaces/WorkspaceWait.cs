using Coder.Mesh.Cli.CallFailures;
using Coder.Mesh.Cli.Commands;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.V1;
using Grpc.Core;

namespace Coder.Mesh.Cli.Workspaces;

/// <summary>Waits until each workspace has reached its desired state, or cannot reach it anymore.</summary>
/// <remarks>One watch serves all of them, however many they are.</remarks>
/// <param name="whole">Whether a change that the cluster rejected in part is a failure.</param>
internal sealed class WorkspaceWait(
    Invocation run,
    Batch batch,
    WorkspaceDesiredState desired,
    TimeSpan timeout,
    bool whole = false
)
{
    /// <summary>Waits for all of them, and reports each failure to the batch.</summary>
    /// <returns>The workspaces as last read, in the same order.</returns>
    public async Task<Workspace[]> For(IReadOnlyList<Workspace> accepted, CancellationToken ct)
    {
        var seen = accepted.ToArray();
        try
        {
            await WaitProgress.Show(run.Output, seen, progress => Follow(accepted, seen, progress, ct));
        }
        catch (Exception) when (ct.IsCancellationRequested)
        {
            run.Output.Warning("stopped waiting; the request stays in effect");
            throw;
        }
        return seen;
    }

    private async Task Follow(
        IReadOnlyList<Workspace> accepted,
        Workspace[] seen,
        WaitProgress progress,
        CancellationToken ct
    )
    {
        using var limit = new CancellationTokenSource(timeout, run.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        var awaited = new AwaitedWorkspaces(run, accepted, seen, desired, whole, progress);
        try
        {
            await awaited.Follow(batch, either.Token);
        }
        catch (RpcException e) when (!either.IsCancellationRequested)
        {
            foreach (var i in awaited.Open)
                progress.Defer(() =>
                    batch.Fail(accepted[i].Name, RpcFailures.From(e, run.Target, run.Subject(accepted[i].Name)))
                );
        }
        catch (Exception) when (limit.IsCancellationRequested && !ct.IsCancellationRequested)
        {
            foreach (var i in awaited.Open)
                progress.Defer(() => batch.Fail(seen[i].Name, TimedOut(seen[i])));
        }
    }

    private Failure TimedOut(Workspace last) =>
        new(
            $"timed out after {Text.Span(timeout)} waiting for workspace/{last.Name} to be {Text.Word(desired)}; it is {WaitProgress.How(last)}",
            ExitCodes.WaitFailed
        )
        {
            Details =
                last.StateMessage.Length > 0 && last.ObservedGeneration >= last.Generation
                    ? [$"cause: {last.StateMessage}"]
                    : [],
            Tips =
            [
                "the request stays in effect; wait longer with --timeout",
                $"mesh workspaces show {last.Id}, and mesh providers show {last.Provider}",
            ],
        };
}
