using Coder.Mesh.ControlPlane.Orphans;
using Coder.Mesh.Protocol;
using Google.Protobuf.WellKnownTypes;
using Proto = Coder.Mesh.V1;
using StatusCodes = Coder.Mesh.ControlPlane.Providers.StatusCodes;

namespace Coder.Mesh.ControlPlane.Mapping;

/// <summary>
/// The condition that no agent can report, because only the store knows what is unknown to it. Made when a provider is
/// shown and kept nowhere, so its count costs no event.
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
        return $"The cluster holds {held} known here; \"mesh providers orphans ls {providerName}\" lists them.";
    }
}
