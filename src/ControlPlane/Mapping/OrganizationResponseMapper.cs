using System.Globalization;
using Coder.Mesh.ControlPlane.Organizations;
using Coder.Mesh.ControlPlane.Providers;
using Google.Protobuf.WellKnownTypes;
using Npgsql;
using Proto = Coder.Mesh.V1;

namespace Coder.Mesh.ControlPlane.Mapping;

/// <summary>
/// Organizations as the API shows them, with what is stored elsewhere. Every answer is made here, whether it is of one or of
/// a list, so that both have the same fields filled.
/// </summary>
internal sealed class OrganizationResponseMapper(
    OrganizationView view,
    ProviderView providers,
    NpgsqlDataSource database
)
{
    /// <summary>How many providers one of several names: an organization may use thousands.</summary>
    public const int MaxNamedInLists = 20;

    /// <inheritdoc cref="ProviderResponseMapper.MaxNamed"/>
    public const int MaxNamed = ProviderResponseMapper.MaxNamed;

    /// <param name="organizationId">Of one that exists.</param>
    public async Task<Proto.Organization> Read(string organizationId, CancellationToken ct) =>
        (await Map([await view.Read(organizationId, ct)], MaxNamed, ct))[0];

    /// <summary>Reads what belongs to them, with a fixed number of queries however many they are.</summary>
    /// <param name="maxNamed">How many providers each names at most; they are counted all the same.</param>
    public async Task<IReadOnlyList<Proto.Organization>> Map(
        IReadOnlyList<Organization> organizations,
        int maxNamed,
        CancellationToken ct
    )
    {
        if (organizations.Count == 0)
            return [];
        var names = await providers.Names(organizations.SelectMany(o => o.AllowedProviders.Take(maxNamed)), ct);
        await using var connection = await database.OpenConnectionAsync(ct);
        string[] ids = [.. organizations.Select(o => o.OrganizationId)];
        var workspaces = await WorkspaceCounts.OfOrganizations(connection, ids, ct);
        return
        [
            .. organizations.Select(o => new Proto.Organization
            {
                Id = o.OrganizationId,
                Name = o.Name,
                Providers =
                {
                    o
                        .AllowedProviders.Take(maxNamed)
                        .Select(id => names.GetValueOrDefault(id, id))
                        .Order(StringComparer.Ordinal),
                },
                ProviderCount = o.AllowedProviders.Length,
                UnfinishedWorkspaces = workspaces.GetValueOrDefault(o.OrganizationId),
                CreateTime = Timestamp.FromDateTimeOffset(o.CreatedAt),
                Etag = o.Version.ToString(CultureInfo.InvariantCulture),
                ResourceVersion = (ulong)o.Version,
            }),
        ];
    }
}
