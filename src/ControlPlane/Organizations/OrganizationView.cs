using Coder.Mesh.ControlPlane.Refusals;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Workspaces;
using Coder.Mesh.Protocol;
using Marten;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Organizations;

/// <summary>Reads organizations.</summary>
internal sealed class OrganizationView(StoreSessions sessions, NpgsqlDataSource database)
{
    /// <param name="reference">Name or id; empty for the only organization there is.</param>
    public async Task<Result<Organization>> Find(string reference, CancellationToken ct)
    {
        await using var session = sessions.Read();
        if (reference.Length == 0)
            return await Only(session, ct);
        return await Look(session, reference, ct) is { Deleted: false } organization
            ? organization
            : NotFound(reference);
    }

    /// <param name="reference">Name of a living organization, or the id of any there ever was.</param>
    public async Task<Result<Organization>> FindEver(string reference, CancellationToken ct)
    {
        await using var session = sessions.Read();
        return await Look(session, reference, ct) is { } organization ? organization : NotFound(reference);
    }

    /// <summary>By id, whether it is deleted or not, with its unfinished workspaces.</summary>
    public async Task<(Organization Organization, int Unfinished)> Overview(string organizationId, CancellationToken ct)
    {
        await using var session = sessions.Read();
        var organization = await session.LoadAsync<Organization>(StreamKeys.Organization(organizationId), ct);
        await using var connection = await database.OpenConnectionAsync(ct);
        var counts = await WorkspaceCounts.OfOrganizations(connection, [organizationId], ct);
        return (organization!, counts.GetValueOrDefault(organizationId));
    }

    /// <summary>A page of living organizations in order of name.</summary>
    /// <param name="providerId">Only those that may use it, unless null.</param>
    /// <param name="after">Name of the last organization of the page before; empty for the first page.</param>
    public async Task<IReadOnlyList<Organization>> Page(
        string? providerId,
        string after,
        int size,
        CancellationToken ct
    )
    {
        await using var session = sessions.Read();
        var query = session.Query<Organization>().Where(o => !o.Deleted);
        if (providerId is not null)
            query = query.Where(o => o.AllowedProviders.Contains(providerId));
        if (after.Length > 0)
            query = query.Where(o => o.Name.CompareTo(after) > 0);
        return await query.OrderBy(o => o.Name).Take(size).ToListAsync(ct);
    }

    /// <summary>Names of those that may use a provider, in order.</summary>
    public async Task<IReadOnlyList<string>> NamesAllowing(string providerId, CancellationToken ct)
    {
        await using var session = sessions.Read();
        return await session
            .Query<Organization>()
            .Where(o => !o.Deleted && o.AllowedProviders.Contains(providerId))
            .OrderBy(o => o.Name)
            .Select(o => o.Name)
            .ToListAsync(ct);
    }

    /// <summary>Names by id, also of deleted organizations.</summary>
    public async Task<IReadOnlyDictionary<string, string>> Names(
        IEnumerable<string> organizationIds,
        CancellationToken ct
    )
    {
        await using var session = sessions.Read();
        var organizations = await session.LoadManyAsync<Organization>(
            ct,
            organizationIds.Distinct().Select(StreamKeys.Organization)
        );
        return organizations.ToDictionary(o => o.OrganizationId, o => o.Name);
    }

    private static async Task<Organization?> Look(IQuerySession session, string reference, CancellationToken ct) =>
        Ids.LooksLikeId(reference)
            ? await session.LoadAsync<Organization>(StreamKeys.Organization(reference), ct)
            : await session
                .Query<Organization>()
                .Where(o => o.Name == reference && !o.Deleted)
                .SingleOrDefaultAsync(ct);

    private static Refusal NotFound(string reference) =>
        Refusal.NotFound(
            ErrorReasons.OrganizationNotFound,
            $"There is no organization \"{reference}\"; \"mesh orgs ls\" lists them."
        );

    private static async Task<Result<Organization>> Only(IQuerySession session, CancellationToken ct)
    {
        var some = await session.Query<Organization>().Where(o => !o.Deleted).Take(2).ToListAsync(ct);
        return some.Count == 1
            ? some[0]
            : new Fields().Violated("organization", "is required where there is more than one, or none").Refusal! with
            {
                Reason = ErrorReasons.OrganizationAmbiguous,
            };
    }
}
