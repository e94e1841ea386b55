using System.Collections.Immutable;
using System.Globalization;
using Coder.Mesh.ControlPlane.Workspaces;
using Google.Protobuf.WellKnownTypes;
using Proto = Coder.Mesh.V1;
using WorkspaceProvider = Coder.Mesh.ControlPlane.Providers.WorkspaceProvider;

namespace Coder.Mesh.ControlPlane.Mapping;

/// <summary>Maps workspaces to and from the API.</summary>
internal static class WorkspaceMapping
{
    public static Proto.WorkspaceSpec ToProto(WorkspaceSpec spec) =>
        new()
        {
            Image = spec.Image,
            Cpu = spec.Cpu,
            Memory = spec.Memory,
            Disk = spec.Disk,
            Command = { spec.Command },
            Env = { spec.Env },
            EnvFrom = { spec.EnvFrom },
        };

    public static WorkspaceSpec FromProto(Proto.WorkspaceSpec spec) =>
        new(spec.Image, spec.Cpu, spec.Memory, spec.Disk, [.. spec.Command])
        {
            Env = spec.Env.ToImmutableSortedDictionary(StringComparer.Ordinal),
            EnvFrom = [.. spec.EnvFrom],
        };

    public static Proto.Workspace ToProto(Workspace workspace, string organization, WorkspaceProvider provider) =>
        new()
        {
            Id = workspace.WorkspaceId,
            Name = workspace.Name,
            Organization = organization,
            Owner = workspace.Owner,
            Provider = provider.Name,
            ProviderId = workspace.ProviderId,
            Spec = ToProto(workspace.Spec),
            DesiredState = workspace.Desired switch
            {
                DesiredState.Running => Proto.WorkspaceDesiredState.Running,
                DesiredState.Stopped => Proto.WorkspaceDesiredState.Stopped,
                _ => Proto.WorkspaceDesiredState.Deleted,
            },
            Generation = (ulong)workspace.Generation,
            State = ToProto(workspace.State),
            StateCode = workspace.StateCode,
            StateMessage = workspace.StateMessage,
            StateTime = Timestamp.FromDateTimeOffset(workspace.StateAt),
            ObservedGeneration = (ulong)workspace.ObservedGeneration,
            CreateTime = Timestamp.FromDateTimeOffset(workspace.CreatedAt),
            Etag = workspace.Version.ToString(CultureInfo.InvariantCulture),
            ResourceVersion = (ulong)workspace.Version,
            OwnerEmail = workspace.OwnerEmail,
            Details = DetailsMapping.ToProto(workspace.Details),
            VolumeCreatedAnewTime = workspace.VolumeCreatedAnewAt is { } anew
                ? Timestamp.FromDateTimeOffset(anew)
                : null,
            Summary = ToProto(WorkspaceSummary.Of(workspace, provider)),
        };

    private static Proto.WorkspaceSummary ToProto(WorkspaceSummary summary) =>
        new()
        {
            State = ToProto(summary.State),
            LastReportTime = summary.LastReportAt is { } at ? Timestamp.FromDateTimeOffset(at) : null,
            Reason = summary.Reason,
            WaitingFor = summary.WaitingFor,
        };

    /// <returns>Null for "any".</returns>
    public static ObservedState? FromProto(Proto.WorkspaceState state) =>
        state == Proto.WorkspaceState.Unspecified ? null : System.Enum.Parse<ObservedState>(state.ToString());

    public static Proto.WorkspaceState ToProto(ObservedState state) =>
        state switch
        {
            ObservedState.Pending => Proto.WorkspaceState.Pending,
            ObservedState.Starting => Proto.WorkspaceState.Starting,
            ObservedState.Running => Proto.WorkspaceState.Running,
            ObservedState.Stopping => Proto.WorkspaceState.Stopping,
            ObservedState.Stopped => Proto.WorkspaceState.Stopped,
            ObservedState.Failed => Proto.WorkspaceState.Failed,
            ObservedState.Deleting => Proto.WorkspaceState.Deleting,
            ObservedState.Deleted => Proto.WorkspaceState.Deleted,
            _ => Proto.WorkspaceState.Lost,
        };
}
