using Coder.Mesh.Cli.Commands;
using Coder.Mesh.V1;
using Grpc.Core;

namespace Coder.Mesh.Cli.Workspaces;

/// <summary>Reads what has happened to a workspace since a wish, each thing once.</summary>
internal sealed class WaitTimeline(Invocation run, Workspace accepted)
{
    private readonly HashSet<(ulong Generation, string Id)> _known = [];
    private string? _etag;
    private bool _unheardOf;

    /// <param name="seen">The workspace as it was just read: the story has changed only if it has.</param>
    public async Task<IReadOnlyList<TimelineEntry>> News(Workspace seen, CancellationToken ct)
    {
        if (_unheardOf || seen.Etag == _etag)
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
            // An older control plane: the wait goes on without.
            _unheardOf = true;
            return [];
        }
    }
}
