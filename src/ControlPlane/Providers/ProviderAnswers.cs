using Coder.Mesh.ControlPlane.Deployment;
using Coder.Mesh.ControlPlane.Presence;
using Coder.Mesh.ControlPlane.Workspaces;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Providers;

/// <summary>Providers as the API shows them, of versions that the caller has read.</summary>
internal sealed class ProviderAnswers(DeploymentView deployment, NpgsqlDataSource database)
{
    public async Task<IReadOnlyList<Coder.Mesh.V1.Provider>> Map(
        IReadOnlyList<(Provider Provider, ProviderPresence Presence)> providers,
        CancellationToken ct
    )
    {
        if (providers.Count == 0)
            return [];
        var defaultId = await deployment.DefaultProviderId(ct);
        await using var connection = await database.OpenConnectionAsync(ct);
        string[] ids = [.. providers.Select(p => p.Provider.ProviderId).Distinct()];
        var counts = await WorkspaceCounts.OfProviders(connection, ids, ct);
        return
        [
            .. providers.Select(p =>
                ProviderMapping.ToProto(
                    new ProviderOverview(p.Provider, p.Presence, counts.GetValueOrDefault(p.Provider.ProviderId)),
                    defaultId
                )
            ),
        ];
    }
}
