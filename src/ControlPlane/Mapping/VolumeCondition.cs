using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.Protocol;
using Google.Protobuf.WellKnownTypes;
using Proto = Coder.Mesh.V1;
using StatusCodes = Coder.Mesh.ControlPlane.Providers.StatusCodes;

namespace Coder.Mesh.ControlPlane.Mapping;

/// <summary>
/// Condition for workspaces that have lost their volumes. Computed when a provider is shown, like <see
/// cref="OrphanCondition"/>: only the control plane knows which volumes existed before.
/// </summary>
internal static class VolumeCondition
{
    public static Proto.Condition ToProto(EmptyVolumes empty) =>
        empty.Count == 0
            ? new Proto.Condition { Type = ConditionTypes.VolumesKept, Status = Proto.ConditionStatus.True }
            : new Proto.Condition
            {
                Type = ConditionTypes.VolumesKept,
                Status = Proto.ConditionStatus.False,
                Code = StatusCodes.VolumeCreatedAnew,
                Message = Message(empty),
                SinceTime = Timestamp.FromDateTimeOffset(empty.Last!.Value),
            };

    private static string Message(EmptyVolumes empty)
    {
        var names = string.Join(", ", empty.Names);
        var others = empty.Count - empty.Names.Count;
        return $"The home disk of {WorkspaceCounts.Words(empty.Count)} was created anew in the last "
            + $"{VolumeNotices.ShownFor.TotalDays:0} days, and is empty unless it was restored: {names}"
            + (others > 0 ? $" and {others} more." : ".");
    }
}
