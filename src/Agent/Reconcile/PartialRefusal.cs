using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Shared;
using Coder.Mesh.V1;

namespace Coder.Mesh.Agent.Reconcile;

/// <summary>What the cluster refused of a workspace, while the rest of it was applied.</summary>
/// <param name="Since">When it was refused first.</param>
internal sealed record PartialRefusal(ClusterRefusal What, DateTimeOffset Since)
{
    public string Code => What.Code;

    /// <summary>What is reported of a workspace of which this was refused.</summary>
    /// <param name="starting">It is meant to run.</param>
    public WorkspaceReport Report(ClusterWorkspace seen, bool starting)
    {
        // What it lacks is why it doesn't run, whatever the cluster says of that.
        if (What.Essential && starting && seen.State != WorkspaceState.Running)
            return new WorkspaceReport(seen.Id, seen.Generation, WorkspaceState.Failed, What.Code, What.Message)
            {
                Timeline = TimelineWith(seen, TimelineStage.Failed),
            };
        var words = string.Join(" ", new[] { seen.Message, What.Message }.Where(m => m.Length > 0));
        var code = seen.Code.Length > 0 ? seen.Code : What.Code;
        return new WorkspaceReport(seen.Id, seen.Generation, seen.State, code, CleanText.Clean(words))
        {
            Timeline = TimelineWith(seen, TimelineStage.Notice),
        };
    }

    /// <summary>
    /// What is reported of a workspace that is to stop. Its objects can't be given the wish's generation, or can't be made at
    /// all; that no pod is asked for any more is all that the wish needs.
    /// </summary>
    /// <param name="seen">Null if the cluster holds nothing of it.</param>
    public WorkspaceReport ReportStop(string id, ulong generation, ClusterWorkspace? seen)
    {
        var stopped = seen?.Idle ?? true;
        var state = stopped ? WorkspaceState.Stopped : WorkspaceState.Stopping;
        return Report(
            new ClusterWorkspace(id, generation, state, Message: stopped ? "" : seen!.Message),
            starting: false
        );
    }

    private Timeline TimelineWith(ClusterWorkspace seen, TimelineStage stage) =>
        seen.Timeline.With(
            new TimelineStep($"call/{seen.Generation}/{What.Code}", Since, stage, What.Code, What.Message)
        );
}
