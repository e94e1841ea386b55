using Coder.Mesh.ControlPlane.Deployment;
using Coder.Mesh.ControlPlane.Mapping;
using Coder.Mesh.ControlPlane.Organizations;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Workspaces;

namespace Coder.Mesh.ControlPlane.Watches;

/// <summary>
/// Maps changed resources to what the API shows, with a fixed number of queries however many they are.
/// </summary>
internal sealed class ShownResources(
    WorkspaceResponseMapper workspaces,
    ProviderResponseMapper providers,
    OrganizationResponseMapper organizations,
    LostSessions lost
)
{
    /// <returns>In the order of the changes.</returns>
    public async Task<IReadOnlyList<FeedChange>> Map(IReadOnlyList<FoldedChange> changes, CancellationToken ct)
    {
        var mappedWorkspaces = new Queue<Coder.Mesh.V1.Workspace>(await workspaces.Map(Of<Workspace>(changes), ct));
        var mappedProviders = new Queue<Coder.Mesh.V1.Provider>(await Providers(Of<ProviderVersion>(changes), ct));
        var mappedOrganizations = new Queue<Coder.Mesh.V1.Organization>(
            await organizations.Map(Of<Organization>(changes), OrganizationResponseMapper.MaxNamedInLists, ct)
        );
        return
        [
            .. changes.Select(
                FeedChange (c) =>
                    c.After switch
                    {
                        Workspace after => new WorkspaceChange(
                            c.Position,
                            (Workspace?)c.Before,
                            after,
                            mappedWorkspaces.Dequeue()
                        ),
                        ProviderVersion after => new ProviderChange(
                            c.Position,
                            (ProviderVersion?)c.Before,
                            after,
                            mappedProviders.Dequeue()
                        ),
                        Organization after => new OrganizationChange(
                            c.Position,
                            (Organization?)c.Before,
                            after,
                            mappedOrganizations.Dequeue()
                        ),
                        MeshDeployment after => Deployment(c, after),
                        _ => throw new InvalidOperationException($"{c.Key} is no resource."),
                    }
            ),
        ];
    }

    private static DeploymentChange Deployment(FoldedChange change, MeshDeployment after) =>
        new(change.Position, (MeshDeployment?)change.Before, after, DeploymentMapping.ToProto(after));

    private async Task<IReadOnlyList<Coder.Mesh.V1.Provider>> Providers(
        List<ProviderVersion> versions,
        CancellationToken ct
    )
    {
        var presences = await lost.Detach([.. versions.Select(v => v.Presence)], ct);
        return await providers.Map(
            [.. versions.Zip(presences, (v, presence) => new ProviderOverview(v.Provider, presence))],
            ProviderResponseMapper.MaxNamedInLists,
            ct
        );
    }

    private static List<T> Of<T>(IReadOnlyList<FoldedChange> changes) => [.. changes.Select(c => c.After).OfType<T>()];
}
