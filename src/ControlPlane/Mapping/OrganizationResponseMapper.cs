using System.Globalization;
using Coder.Mesh.ControlPlane.Organizations;
using Coder.Mesh.ControlPlane.Providers;
using Google.Protobuf.WellKnownTypes;
using Npgsql;
using Proto = Coder.Mesh.V1;

namespace Coder.Mesh.ControlPlane.Mapping;

/// <summary>
/// Maps organizations, with related data that is stored elsewhere, to the API. All responses are mapped here, single or
/// lists, so that they have the same fields.
/// </summary>
internal sealed class OrganizationResponseMapper(
    OrganizationView view,
    ProviderView providers,
    NpgsqlDataSource database
)
{
    /// <summary>
    /// Maximum number of provider names per organization in lists: an organization may use thousands.
    /// </summary>
    public const int MaxNamedInLists = 20;

    /// <inheritdoc cref="ProviderResponseMapper.MaxNamed"/>
    public const int MaxNamed = ProviderResponseMapper.MaxNamed;

    /// <param name="organizationId">Id of an existing organization.</param>
    public async Task<Proto.Organization> Read(string organizationId, CancellationToken ct) =>
        (await Map([await view.Read(organizationId, ct)], MaxNamed, ct))[0];

    /// <summary>Reads related data with a fixed number of queries, however many organizations there are.</summary>
    /// <param name="maxNamed">Maximum number of provider names per organization; all are counted.</param>
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
