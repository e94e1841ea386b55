using Coder.Mesh.ControlPlane.Deployment;
using Coder.Mesh.ControlPlane.Organizations;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Workspaces;

namespace Coder.Mesh.ControlPlane.Watches;

/// <summary>
/// Tells which resources show something else because another one has changed: a provider its tag "default" and its
/// counts of organizations and workspaces, an organization its count of workspaces. Pure.
/// </summary>
internal static class DependentResources
{
    /// <returns>Stream keys of providers and organizations.</returns>
    public static IEnumerable<string> Of(object? before, object after) =>
        after switch
        {
            Workspace now => Of((Workspace?)before, now),
            Organization now => Of((Organization?)before, now),
            MeshDeployment now => Of((MeshDeployment?)before, now),
            _ => [],
        };

    private static IEnumerable<string> Of(Workspace? before, Workspace after) =>
        before is { Finished: false } == !after.Finished
            ? []
            : [StreamKeys.Provider(after.ProviderId), StreamKeys.Organization(after.OrganizationId)];

    private static IEnumerable<string> Of(Organization? before, Organization after)
    {
        IReadOnlyCollection<string> earlier = before is null ? [] : before.AllowedProviders;
        return earlier
            .Except(after.AllowedProviders)
            .Concat(after.AllowedProviders.Except(earlier))
            .Select(StreamKeys.Provider);
    }

    private static IEnumerable<string> Of(MeshDeployment? before, MeshDeployment after)
    {
        var earlier = before?.DefaultProviderId ?? "";
        return earlier == after.DefaultProviderId
            ? []
            : new[] { earlier, after.DefaultProviderId }.Where(id => id.Length > 0).Select(StreamKeys.Provider);
    }
}
