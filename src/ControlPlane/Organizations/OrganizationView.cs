using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.Protocol;
using Marten;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Organizations;

/// <summary>Reads organizations.</summary>
internal sealed class OrganizationView(StoreSessions sessions)
{
    private const int MaxSuggested = 20;

    /// <param name="reference">Name or id; empty for the only organization.</param>
    public async Task<Result<Organization>> Find(string reference, CancellationToken ct)
    {
        await using var session = sessions.Read();
        if (reference.Length == 0)
            return await Only(session, ct);
        return await Find(session, reference, ct) is { Deleted: false } organization
            ? organization
            : NotFound(reference);
    }

    /// <param name="reference">Name of an existing organization, or id of an existing or deleted one.</param>
    public async Task<Result<Organization>> FindEver(string reference, CancellationToken ct)
    {
        await using var session = sessions.Read();
        return await Find(session, reference, ct) is { } organization ? organization : NotFound(reference);
    }

    /// <summary>Reads an organization by id, deleted or not.</summary>
    public async Task<Organization> Read(string organizationId, CancellationToken ct)
    {
        await using var session = sessions.Read();
        return (await session.LoadAsync<Organization>(StreamKeys.Organization(organizationId), ct))!;
    }

    /// <summary>Returns a page of existing organizations in order of name.</summary>
    /// <param name="providerId">Limits the page to organizations that may use this provider, unless null.</param>
    /// <param name="after">Name of the last organization of the previous page; empty for the first page.</param>
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

    /// <summary>Returns how many organizations may use each provider, and the first of their names in order.</summary>
    /// <returns>By provider; providers that no organization may use are missing.</returns>
    public static async Task<IReadOnlyDictionary<string, (int Count, string[] Names)>> Allowing(
        NpgsqlConnection connection,
        string[] providerIds,
        int maxNamed,
        CancellationToken ct
    )
    {
        await using var command = new NpgsqlCommand(
            $"""
            select provider, count(*)::int, (array_agg(data ->> 'Name' order by data ->> 'Name' collate "C"))[1:$2]
            from {Tables.Organizations}, jsonb_array_elements_text(data -> 'AllowedProviders') as provider
            where {Indexes.NotDeleted} and provider = any($1) group by provider
            """,
            connection
        );
        command.Parameters.AddWithValue(providerIds);
        command.Parameters.AddWithValue(maxNamed);
        var allowing = new Dictionary<string, (int, string[])>();
        await using var rows = await command.ExecuteReaderAsync(ct);
        while (await rows.ReadAsync(ct))
            allowing[rows.GetString(0)] = (rows.GetInt32(1), rows.GetFieldValue<string[]>(2));
        return allowing;
    }

    /// <summary>Returns names by id, including those of deleted organizations.</summary>
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

    private static async Task<Organization?> Find(IQuerySession session, string reference, CancellationToken ct) =>
        Ids.IsId(reference)
            ? await session.LoadAsync<Organization>(StreamKeys.Organization(reference), ct)
            : await session
                .Query<Organization>()
                .Where(o => o.Name == reference && !o.Deleted)
                .SingleOrDefaultAsync(ct);

    private static Error NotFound(string reference) =>
        Error.NotFound(
            ErrorReasons.OrganizationNotFound,
            $"There is no organization \"{reference}\"; \"mesh orgs ls\" lists them."
        );

    private static async Task<Result<Organization>> Only(IQuerySession session, CancellationToken ct)
    {
        var some = await session
            .Query<Organization>()
            .Where(o => !o.Deleted)
            .OrderBy(o => o.Name)
            .Take(MaxSuggested + 1)
            .ToListAsync(ct);
        return some.Count == 1
            ? some[0]
            : new Fields().Violated("organization", $"is required: {Choice([.. some.Select(o => o.Name)])}").Error! with
            {
                Reason = ErrorReasons.OrganizationAmbiguous,
            };
    }

    private static string Choice(string[] names)
    {
        if (names.Length == 0)
            return "there is no organization yet";
        var more = names.Length > MaxSuggested ? " and more" : "";
        return $"there are several organizations: {string.Join(", ", names.Take(MaxSuggested))}{more}";
    }
}
