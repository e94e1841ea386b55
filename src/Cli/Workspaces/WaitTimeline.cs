using Coder.Mesh.Cli.Commands;
using Coder.Mesh.V1;
using Grpc.Core;

namespace Coder.Mesh.Cli.Workspaces;

/// <summary>Reads the timeline entries of a workspace since a command, each once.</summary>
internal sealed class WaitTimeline(Invocation run, Workspace accepted)
{
    private readonly HashSet<(ulong Generation, string Id)> _known = [];
    private string? _etag;
    private bool _unsupported;

    /// <param name="seen">The workspace as just read: the timeline changes only with it.</param>
    public async Task<IReadOnlyList<TimelineEntry>> News(Workspace seen, CancellationToken ct)
    {
        if (_unsupported || seen.Etag == _etag)
            return [];
        try
        {
            var request = new ListTimelineRequest { Workspace = accepted.Id, MinGeneration = accepted.Generation };
            var items = await ShowTimeline.Read(run, request, ct);
            _etag = seen.Etag;
            return
            [
                .. items
                    .Where(i => TimelineText.IsSeen(i) && _known.Add((i.Generation, i.Entry.Id)))
                    .Select(i => i.Entry),
            ];
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.Unimplemented)
        {
            // An older control plane has no timelines.
            _unsupported = true;
            return [];
        }
        catch (RpcException) when (!ct.IsCancellationRequested)
        {
            // Read again with the next change; what interrupts the wait itself is reported by the watch.
            return [];
        }
    }
}
