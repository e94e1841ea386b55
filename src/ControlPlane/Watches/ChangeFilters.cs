using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Workspaces;
using Coder.Mesh.V1;
using Organization = Coder.Mesh.ControlPlane.Organizations.Organization;

namespace Coder.Mesh.ControlPlane.Watches;

/// <summary>Which changes a subscription reports.</summary>
internal interface IChangeFilter
{
    /// <returns>Null if it doesn't report the change.</returns>
    ChangeType? TypeOf(FeedChange change);
}

internal sealed class WorkspaceChanges(WorkspaceFilter filter) : IChangeFilter
{
    public ChangeType? TypeOf(FeedChange change) =>
        change is WorkspaceChange c ? ChangeFilters.TypeOf(filter.Holds(c.Before), filter.Holds(c.After)) : null;
}

internal sealed class ProviderChanges(ProviderFilter filter) : IChangeFilter
{
    public ChangeType? TypeOf(FeedChange change) =>
        change is ProviderChange c ? ChangeFilters.TypeOf(Holds(c.Before), Holds(c.After)) : null;

    private bool Holds(ProviderVersion? version) => filter.Holds(version?.Provider, version?.Presence);
}

/// <param name="organizationId">Only this one; null for any.</param>
/// <param name="providerId">Only those that may use this provider; null for any.</param>
internal sealed class OrganizationChanges(string? organizationId, string? providerId) : IChangeFilter
{
    public ChangeType? TypeOf(FeedChange change) =>
        change is OrganizationChange c ? ChangeFilters.TypeOf(Holds(c.Before), Holds(c.After)) : null;

    private bool Holds(Organization? organization) =>
        organization is { Deleted: false }
        && (organizationId is null || organization.OrganizationId == organizationId)
        && (providerId is null || organization.AllowedProviders.Contains(providerId));
}

internal sealed class DeploymentChanges : IChangeFilter
{
    public ChangeType? TypeOf(FeedChange change) => change is DeploymentChange ? ChangeType.Changed : null;
}

internal static class ChangeFilters
{
    /// <param name="before">Whether a list had the resource before the change.</param>
    /// <param name="after">Whether it has the resource now.</param>
    /// <returns>Null for a change of something that isn't watched.</returns>
    public static ChangeType? TypeOf(bool before, bool after) =>
        after ? ChangeType.Changed
        : before ? ChangeType.Removed
        : null;
}
