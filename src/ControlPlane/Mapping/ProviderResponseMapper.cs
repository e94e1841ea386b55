using Coder.Mesh.ControlPlane.Deployment;
using Coder.Mesh.ControlPlane.Organizations;
using Coder.Mesh.ControlPlane.Orphans;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.Protocol;
using Npgsql;
using Proto = Coder.Mesh.V1;

namespace Coder.Mesh.ControlPlane.Mapping;

/// <summary>
/// Providers as the API shows them, with what is stored elsewhere. Every answer is made here, whether it is of one, of a list
/// or of a watch, so that all of them have the same fields filled.
/// </summary>
internal sealed class ProviderResponseMapper(
    ProviderView view,
    DeploymentView deployment,
    NpgsqlDataSource database,
    TimeProvider time
)
{
    /// <summary>How many organizations one of several names: the built-in provider may have thousands.</summary>
    public const int MaxNamedInLists = 20;

    /// <summary>How many one names that is shown alone: an answer must stay below the 4 MiB that clients take.</summary>
    public const int MaxNamed = 20_000;

    /// <param name="providerId">Of one that exists, or did.</param>
    public async Task<Proto.Provider> Read(string providerId, CancellationToken ct) =>
        (await Map([(await view.Overview(providerId, ct)).Value], MaxNamed, ct))[0];

    /// <summary>Reads what belongs to them, with a fixed number of queries however many they are.</summary>
    /// <param name="maxNamed">How many organizations each names at most; they are counted all the same.</param>
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

    /// <summary>Those that the agent can't know.</summary>
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
