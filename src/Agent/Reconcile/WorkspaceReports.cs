using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.Shared;
using Coder.Mesh.V1;

namespace Coder.Mesh.Agent.Reconcile;

/// <summary>Derives the report of a workspace from its record. Pure functions.</summary>
internal static class WorkspaceReports
{
    /// <returns>Null if there is nothing to report.</returns>
    public static WorkspaceReport? Report(this WorkspaceRecord record)
    {
        var report =
            record.Removed is { } generation ? OfRemoval(record, generation)
            : record.Desired is { } desired ? OfDesired(record, desired)
            : OfCluster(record.Cluster);
        return report is null
            ? null
            : report with
            {
                Disk = record.Cluster?.Held?.Spec?.Disk,
                ResendDesired = record.NeedsDesired,
            };
    }

    private static WorkspaceReport? OfRemoval(WorkspaceRecord record, ulong generation) =>
        record switch
        {
            { Deleted: true } => new WorkspaceReport(record.Id, generation, WorkspaceState.Deleted),
            { Failure: { } t } when !t.Transient || t.Attempts >= WorkspaceRecord.AttemptsUntilReported => Deleting(
                record,
                generation,
                CleanText.Clean($"{t.Message} {record.Cluster?.Message}".TrimEnd())
            ),
            { Deleting: true } => Deleting(record, generation, record.Cluster?.Message ?? ""),
            _ => OfCluster(record.Cluster),
        };

    private static WorkspaceReport Deleting(WorkspaceRecord record, ulong generation, string message) =>
        new(record.Id, generation, WorkspaceState.Deleting, "", message);

    private static WorkspaceReport? OfDesired(WorkspaceRecord record, WorkspaceDesired desired)
    {
        var generation = desired.Generation;
        switch (record)
        {
            case { Failure: { Transient: false } failure }:
                return new WorkspaceReport(record.Id, generation, WorkspaceState.Failed, failure.Code, failure.Message)
                {
                    Timeline = SeenIn(record, generation).With(failure.In(generation)),
                };
            case { Refused: { } refused, Cluster: { } seen } when seen.Generation == generation:
                return refused.Report(seen, starting: desired.Power == WorkspacePower.Running);
            case { Refused: { } refused } when desired.Power == WorkspacePower.Stopped:
                return refused.ReportStop(record.Id, generation, record.Cluster);
            case { Failure: { Attempts: >= WorkspaceRecord.AttemptsUntilReported } failure }:
                return Waiting(record, generation, failure);
            default:
                return OfCluster(record.Cluster);
        }
    }

    /// <summary>Returns the report of a workspace whose apply keeps failing for a temporary reason.</summary>
    private static WorkspaceReport Waiting(WorkspaceRecord record, ulong generation, Failure failure) =>
        record.Cluster switch
        {
            null => new WorkspaceReport(record.Id, generation, WorkspaceState.Pending, "", failure.Message)
            {
                Timeline = Timeline.Empty.With(failure.In(generation)),
            },
            { State: WorkspaceState.Failed } seen => OfCluster(seen)!,
            var seen => OfCluster(seen)! with
            {
                Message = CleanText.Clean($"Generation {generation} waits for the cluster: {failure.Message}"),
            },
        };

    private static WorkspaceReport? OfCluster(ClusterWorkspace? seen) =>
        seen is null
            ? null
            : new WorkspaceReport(seen.Id, seen.Generation, seen.State, seen.Code, seen.Message)
            {
                Timeline = seen.Timeline,
            };

    private static Timeline SeenIn(WorkspaceRecord record, ulong generation) =>
        record.Cluster is { } seen && (seen.TimelineGeneration ?? seen.Generation) == generation
            ? seen.Timeline
            : Timeline.Empty;
}
