using Coder.Mesh.Agent.V1;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Mapping;
using Coder.Mesh.ControlPlane.Workspaces;
using Coder.Mesh.Protocol;
using Coder.Mesh.V1;
using StatusCodes = Coder.Mesh.ControlPlane.Providers.StatusCodes;
using Workspace = Coder.Mesh.ControlPlane.Workspaces.Workspace;
using WorkspaceObserved = Coder.Mesh.Agent.V1.WorkspaceObserved;

namespace Coder.Mesh.ControlPlane.Agents;

/// <summary>Maps between stored workspaces and frames.</summary>
internal static class WorkspaceFrames
{
    public static ConnectResponse Desired(Workspace workspace)
    {
        var generation = (ulong)workspace.Generation;
        if (workspace.Finished || workspace.Desired == DesiredState.Deleted)
            return new ConnectResponse
            {
                WorkspaceRemoved = new WorkspaceRemoved
                {
                    WorkspaceId = workspace.WorkspaceId,
                    Generation = generation,
                },
            };
        return new ConnectResponse
        {
            WorkspaceDesired = new WorkspaceDesired
            {
                WorkspaceId = workspace.WorkspaceId,
                Generation = generation,
                Power = workspace.Desired == DesiredState.Running ? WorkspacePower.Running : WorkspacePower.Stopped,
                Spec = WorkspaceMapping.ToProto(workspace.Spec),
                Name = workspace.Name,
                StorageClass = workspace.StorageClass,
                RestartGeneration = (ulong)workspace.RestartGeneration,
                Details = DetailsMapping.ToProto(workspace.Details),
                TakeOwnershipGeneration = (ulong)workspace.TakeOwnershipGeneration,
            },
        };
    }

    /// <exception cref="ProtocolException">The report has no workspace, a state that agents do not
    /// report, or a timeline that is too long.</exception>
    public static ObserveWorkspace Observed(WorkspaceObserved report, string providerId, long epoch, DateTimeOffset at)
    {
        if (!Ids.IsId(report.WorkspaceId))
            throw new ProtocolException("workspace_id: must be 32 lower-case hexadecimal digits");
        if (report.Version > long.MaxValue)
            throw new ProtocolException("version: must be below 2^63");
        var observed = new ObserveWorkspace(
            providerId,
            epoch,
            (long)report.Generation,
            (long)report.Version,
            StateOf(report),
            report.Code,
            report.Message,
            at
        )
        {
            Timeline = TimelineFrames.Read(report.Timeline, at),
            Disk = DiskOf(report),
            WantsDesired = report.ResendDesired,
        };
        return report.Generation <= Generations.MaxReported ? observed : WithoutGeneration(observed, report);
    }

    // It comes from an annotation, which can be edited by hand; the agent does not violate the protocol.
    private static ObserveWorkspace WithoutGeneration(ObserveWorkspace observed, WorkspaceObserved report) =>
        observed with
        {
            Generation = 0,
            Code = StatusCodes.GenerationInvalid,
            Message =
                $"The workspace's objects have generation {report.Generation}, which the control plane never assigned, so changes are not applied. Remove "
                + $"the annotation mesh.coder.com/generation from deployment ws-{report.WorkspaceId}.",
            Timeline = [],
        };

    // The size of the claim can be written by hand; a value that cannot be parsed counts as unknown.
    private static string? DiskOf(WorkspaceObserved report) =>
        report.HasDisk && (report.Disk.Length == 0 || Quantities.Parse(report.Disk) is not null) ? report.Disk : null;

    /// <exception cref="ProtocolException">Agents do not report this state.</exception>
    public static ObservedState StateOf(WorkspaceObserved report) =>
        report.State switch
        {
            WorkspaceState.Pending => ObservedState.Pending,
            WorkspaceState.Starting => ObservedState.Starting,
            WorkspaceState.Running => ObservedState.Running,
            WorkspaceState.Stopping => ObservedState.Stopping,
            WorkspaceState.Stopped => ObservedState.Stopped,
            WorkspaceState.Failed => ObservedState.Failed,
            WorkspaceState.Deleting => ObservedState.Deleting,
            WorkspaceState.Deleted => ObservedState.Deleted,
            _ => throw new ProtocolException($"state: {report.State} is not an agent's to report"),
        };
}
