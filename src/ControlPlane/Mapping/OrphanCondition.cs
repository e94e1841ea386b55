using Coder.Mesh.ControlPlane.Orphans;
using Coder.Mesh.Protocol;
using Google.Protobuf.WellKnownTypes;
using Proto = Coder.Mesh.V1;
using StatusCodes = Coder.Mesh.ControlPlane.Providers.StatusCodes;

namespace Coder.Mesh.ControlPlane.Mapping;

/// <summary>
/// Condition for orphans, which only the control plane can detect. Computed when a provider is shown and not stored, so
/// that changes of the count cause no events.
/// </summary>
internal static class OrphanCondition
{
    public static Proto.Condition ToProto(OrphanCount orphans, string providerName) =>
        orphans.Count == 0
            ? new Proto.Condition { Type = ConditionTypes.OrphansPresent, Status = Proto.ConditionStatus.False }
            : new Proto.Condition
            {
                Type = ConditionTypes.OrphansPresent,
                Status = Proto.ConditionStatus.True,
                Code = StatusCodes.OrphansPresent,
                Message = Message(orphans.Count, providerName),
                SinceTime = orphans.Since is { } since ? Timestamp.FromDateTimeOffset(since) : null,
            };

    private static string Message(int count, string providerName)
    {
        var held = count == 1 ? "a workspace that isn't" : $"{count} workspaces that aren't";
        return $"The cluster has {held} known here; \"mesh providers orphans ls {providerName}\" lists them.";
    }
}
