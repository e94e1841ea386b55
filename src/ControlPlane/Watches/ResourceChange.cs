using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.V1;

namespace Coder.Mesh.ControlPlane.Watches;

/// <summary>What a subscription reports.</summary>
/// <param name="Change">Null for <see cref="ChangeType.Progress"/>, which only says how far the subscription has
/// come.</param>
/// <param name="ResumeToken">A subscription that begins there reports what comes after this change.</param>
internal sealed record ResourceChange(ChangeType Type, FeedChange? Change, string ResumeToken)
{
    public Workspace? Workspace => (Change as WorkspaceChange)?.Shown;

    public Provider? Provider => (Change as ProviderChange)?.Shown;

    public Organization? Organization => (Change as OrganizationChange)?.Shown;

    public Coder.Mesh.V1.Deployment? Deployment => (Change as DeploymentChange)?.Shown;
}

/// <summary>Thrown by a subscription that can't go on, or not begin; what to do is in its error.</summary>
internal sealed class SubscriptionEndedException(Error why) : Exception(why.Message)
{
    public Error Why => why;
}
