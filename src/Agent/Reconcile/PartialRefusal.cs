using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Shared;
using Coder.Mesh.V1;

namespace Coder.Mesh.Agent.Reconcile;

/// <summary>A refusal by the cluster while the rest of the workspace was applied.</summary>
/// <param name="Since">When it was first refused.</param>
internal sealed record PartialRefusal(ClusterRefusal What, DateTimeOffset Since)
{
    public string Code => What.Code;

    /// <summary>Returns the report of a workspace with this refusal.</summary>
    /// <param name="starting">Whether the workspace should run.</param>
    public WorkspaceReport Report(ClusterWorkspace seen, bool starting)
    {
        // The missing object is the reason, whatever the cluster reports.
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
    /// Returns the report of a workspace that should stop but whose objects cannot be given the generation, or cannot
    /// be created. It is sufficient that no pod is requested any more.
    /// </summary>
    /// <param name="seen">Null if the cluster has no object of it.</param>
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
