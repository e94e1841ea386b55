using Coder.Mesh.ControlPlane.Deployment;
using Coder.Mesh.ControlPlane.Organizations;
using Coder.Mesh.ControlPlane.Orphans;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.Protocol;
using Npgsql;
using Proto = Coder.Mesh.V1;

namespace Coder.Mesh.ControlPlane.Mapping;

/// <summary>
/// Maps providers, with related data that is stored elsewhere, to the API. All responses are mapped here, single, lists
/// or watches, so that they have the same fields.
/// </summary>
internal sealed class ProviderResponseMapper(
    ProviderView view,
    DeploymentView deployment,
    NpgsqlDataSource database,
    TimeProvider time
)
{
    /// <summary>
    /// Maximum number of organization names per provider in lists: the built-in provider may have thousands.
    /// </summary>
    public const int MaxNamedInLists = 20;

    /// <summary>
    /// Maximum number of organization names of a single provider, so that the response stays below the 4 MiB that
    /// clients accept.
    /// </summary>
    public const int MaxNamed = 20_000;

    /// <param name="providerId">Id of an existing or deleted provider.</param>
    public async Task<Proto.Provider> Read(string providerId, CancellationToken ct) =>
        (await Map([(await view.Overview(providerId, ct)).Value], MaxNamed, ct))[0];

    /// <summary>Reads related data with a fixed number of queries, however many providers there are.</summary>
    /// <param name="maxNamed">Maximum number of organization names per provider; all are counted.</param>
    public async Task<IReadOnlyList<Proto.Provider>> Map(
        IReadOnlyList<ProviderOverview> providers,
        int maxNamed,
        CancellationToken ct
    )
    {
        if (providers.Count == 0)
            return [];
        var now = await deployment.Read(ct);
        string[] ids = [.. providers.Select(p => p.Provider.ProviderId).Distinct()];
        await using var connection = await database.OpenConnectionAsync(ct);
        var workspaces = await WorkspaceCounts.OfProviders(connection, ids, ct);
        var organizations = await OrganizationView.Allowing(connection, ids, maxNamed, ct);
        var orphans = await OrphanView.Counts(connection, ids, ct);
        var empty = await EmptyVolumes.Of(connection, ids, time.GetUtcNow() - VolumeNotices.ShownFor, ct);
        return
        [
            .. providers.Select(p =>
            {
                var id = p.Provider.ProviderId;
                var shown = ProviderMapping.ToProto(p);
                shown.IsDefault = id == now.DefaultProviderId;
                shown.UnfinishedWorkspaces = workspaces.GetValueOrDefault(id);
                var (count, names) = organizations.GetValueOrDefault(id, (0, []));
                shown.OrganizationCount = count;
                shown.Organizations.AddRange(names);
                var held = orphans.GetValueOrDefault(id, new OrphanCount(0, null));
                shown.Orphans = held.Count;
                if (shown.Agent is not null)
                    shown.Conditions.AddRange(OwnConditions(shown, held, empty.GetValueOrDefault(id), now.AccessUrl));
                return shown;
            }),
        ];
    }

    /// <summary>Returns the conditions that the agent cannot know.</summary>
    private static IEnumerable<Proto.Condition> OwnConditions(
        Proto.Provider shown,
        OrphanCount held,
        EmptyVolumes? empty,
        string accessUrl
    )
    {
        yield return OrphanCondition.ToProto(held, shown.Name);
        if (AccessUrlCondition.ToProto(accessUrl, shown.Agent.AccessUrl) is { } condition)
            yield return condition;
        yield return VolumeCondition.ToProto(empty ?? EmptyVolumes.None);
    }
}
