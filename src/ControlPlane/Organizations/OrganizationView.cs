using Coder.Mesh.ControlPlane.Refusals;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.Protocol;
using Marten;

namespace Coder.Mesh.ControlPlane.Organizations;

/// <summary>Reads organizations.</summary>
internal sealed class OrganizationView(StoreSessions sessions)
{
    /// <param name="reference">Name or id; empty for the only organization there is.</param>
    public async Task<Result<Organization>> Find(string reference, CancellationToken ct)
    {
        await using var session = sessions.Read();
        if (reference.Length == 0)
            return await Only(session, ct);
        var organization = Ids.LooksLikeId(reference)
            ? await session.LoadAsync<Organization>(StreamKeys.Organization(reference), ct)
            : await session.Query<Organization>().Where(o => o.Name == reference).SingleOrDefaultAsync(ct);
        return organization is not null
            ? organization
            : Refusal.NotFound(ErrorReasons.OrganizationNotFound, $"There is no organization \"{reference}\".");
    }

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

    private static async Task<Result<Organization>> Only(IQuerySession session, CancellationToken ct)
    {
        var some = await session.Query<Organization>().Take(2).ToListAsync(ct);
        return some.Count == 1
            ? some[0]
            : new Fields().Violated("organization", "is required where there is more than one").Refusal! with
            {
                Reason = ErrorReasons.OrganizationAmbiguous,
            };
    }
}
