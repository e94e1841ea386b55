using Coder.Mesh.ControlPlane.Deployment;
using Coder.Mesh.Protocol;
using Proto = Coder.Mesh.V1;
using StatusCodes = Coder.Mesh.ControlPlane.Providers.StatusCodes;

namespace Coder.Mesh.ControlPlane.Mapping;

/// <summary>
/// Condition of whether a provider's agent dials the deployment's access URL. Computed when a provider is shown, so
/// that it is current immediately after the access URL was set.
/// </summary>
internal static class AccessUrlCondition
{
    /// <param name="accessUrl">The deployment's access URL; empty if not set.</param>
    /// <param name="dialled">
    /// The URL that the agent reported; empty if it was attached by a version that did not store it.
    /// </param>
    /// <returns>Null if there is nothing to compare.</returns>
    public static Proto.Condition? ToProto(string accessUrl, string dialled)
    {
        if (accessUrl.Length == 0)
            return null;
        var condition = new Proto.Condition { Type = ConditionTypes.AccessUrlCurrent };
        if (AccessUrls.Normalize(dialled) == accessUrl)
        {
            condition.Status = Proto.ConditionStatus.True;
            return condition;
        }

        condition.Status = dialled.Length == 0 ? Proto.ConditionStatus.Unknown : Proto.ConditionStatus.False;
        condition.Code = StatusCodes.AccessUrlOutdated;
        condition.Message =
            dialled.Length == 0
                ? $"The address that the agent dials is not known; the access URL is {accessUrl}."
                : $"The agent dials {dialled}; the access URL is {accessUrl}.";
        return condition;
    }
}
