using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Organizations;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.Protocol;
using Marten;

namespace Coder.Mesh.ControlPlane.Workspaces;

/// <summary>Reference to a workspace.</summary>
/// <param name="Workspace">Its id, or the name of a workspace of the owner.</param>
/// <param name="Organization">Limits a name to one organization; name or id, or empty.</param>
/// <param name="Owner">Owner of the named workspace; empty for the caller.</param>
internal sealed record WorkspaceReference(string Workspace, string Organization = "", string Owner = "");

/// <summary>Reads workspaces.</summary>
internal sealed class WorkspaceView(StoreSessions sessions, OrganizationView organizations)
{
    /// <summary>Finds a workspace by id, ended or not.</summary>
    public async Task<Workspace?> Find(string workspaceId, CancellationToken ct)
    {
        await using var session = sessions.Read();
        return await session.LoadAsync<Workspace>(StreamKeys.Workspace(workspaceId), ct);
    }

    public async Task<IReadOnlyList<Workspace>> Find(IEnumerable<string> workspaceIds, CancellationToken ct)
    {
        await using var session = sessions.Read();
        return await session.LoadManyAsync<Workspace>(ct, workspaceIds.Select(StreamKeys.Workspace));
    }

    /// <param name="caller">Owner of named workspaces if the reference has no owner.</param>
    public async Task<Result<Workspace>> Find(WorkspaceReference reference, string caller, CancellationToken ct)
    {
        if (Ids.IsId(reference.Workspace))
            return await Find(reference.Workspace, ct) is { } workspace ? workspace : NotFound(reference);
        string? organizationId = null;
        if (reference.Organization.Length > 0)
        {
            var organization = await organizations.Find(reference.Organization, ct);
            if (organization.Error is { } error)
                return error;
            organizationId = organization.Value.OrganizationId;
        }

        var owner = reference.Owner.Length > 0 ? reference.Owner : caller;
        return await Named(reference, owner, organizationId, ct) switch
        {
            [] => NotFound(reference),
            [var only] => only,
            _ => Error.Precondition(
                ErrorReasons.WorkspaceAmbiguous,
                $"There is a workspace \"{reference.Workspace}\" of {Whose(reference)} in more than one organization; name the organization."
            ),
        };
    }

    /// <summary>Returns all unfinished workspaces of providers.</summary>
    public async Task<IReadOnlyList<Workspace>> Unfinished(string[] providerIds, CancellationToken ct)
    {
        await using var session = sessions.Read();
        return await session
            .Query<Workspace>()
            .Where(w => w.ProviderId.IsOneOf(providerIds) && !w.Finished)
            .ToListAsync(ct);
    }

    /// <summary>Returns a page of workspaces in order of id, which is the order of creation.</summary>
    /// <param name="after">Id of the last workspace of the previous page; empty for the first page.</param>
    public async Task<IReadOnlyList<Workspace>> Page(
        WorkspaceFilter filter,
        string after,
        int size,
        CancellationToken ct
    )
    {
        await using var session = sessions.Read();
        // Each has its own indexes. A workspace that ends in between is read twice, but not missed.
        var unfinished = filter.HasUnfinished
            ? await filter.Page(session.Query<Workspace>().Where(w => !w.Finished), after, size).ToListAsync(ct)
            : [];
        var ended = filter.HasEnded
            ? await filter.Page(session.Query<Workspace>().Where(w => w.Finished), after, size).ToListAsync(ct)
            : [];
        return
        [
            .. ended.Concat(unfinished).DistinctBy(w => w.Id).OrderBy(w => w.Id, StringComparer.Ordinal).Take(size),
        ];
    }

    /// <summary>Finds at most two unfinished workspaces of an owner with a name, in any organization.</summary>
    private async Task<IReadOnlyList<Workspace>> Named(
        WorkspaceReference reference,
        string owner,
        string? organizationId,
        CancellationToken ct
    )
    {
        await using var session = sessions.Read();
        var query = session
            .Query<Workspace>()
            .Where(w => w.Name == reference.Workspace && w.Owner == owner && !w.Finished);
        if (organizationId is not null)
            query = query.Where(w => w.OrganizationId == organizationId);
        return await query.Take(2).ToListAsync(ct);
    }

    private static Error NotFound(WorkspaceReference reference) =>
        Error.NotFound(
            ErrorReasons.WorkspaceNotFound,
            $"There is no workspace \"{reference.Workspace}\" of {Whose(reference)}{Where(reference)}; \"mesh workspaces ls\" lists them."
        );

    private static string Whose(WorkspaceReference reference) =>
        reference.Owner.Length > 0 ? $"user \"{reference.Owner}\"" : "yours";

    private static string Where(WorkspaceReference reference) =>
        reference.Organization.Length > 0 && !Ids.IsId(reference.Workspace)
            ? $" in organization \"{reference.Organization}\""
            : "";
}
