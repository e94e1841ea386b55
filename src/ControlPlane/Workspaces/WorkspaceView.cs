using Coder.Mesh.ControlPlane.Organizations;
using Coder.Mesh.ControlPlane.Refusals;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.Protocol;
using Marten;

namespace Coder.Mesh.ControlPlane.Workspaces;

/// <summary>Names a workspace.</summary>
/// <param name="Workspace">Its id, or the name of one of the caller's own.</param>
/// <param name="Organization">Narrows a name to one organization; name or id, or empty.</param>
internal sealed record WorkspaceReference(string Workspace, string Organization = "");

/// <summary>Which workspaces a list holds; what is null or empty lets all through.</summary>
internal sealed record WorkspaceFilter(string? OrganizationId, string? ProviderId, string Owner, ObservedState? State)
{
    /// <summary>Only this one. Of a watch only: a list of one is a read.</summary>
    public string? WorkspaceId { get; init; }

    /// <summary>Whether a list would hold it.</summary>
    public bool Holds(Workspace? workspace) =>
        workspace is { Finished: false }
        && (OrganizationId is null || workspace.OrganizationId == OrganizationId)
        && (ProviderId is null || workspace.ProviderId == ProviderId)
        && (Owner.Length == 0 || workspace.Owner == Owner)
        && (State is null || workspace.State == State)
        && (WorkspaceId is null || workspace.WorkspaceId == WorkspaceId);
}

/// <summary>Reads workspaces.</summary>
internal sealed class WorkspaceView(StoreSessions sessions, OrganizationView organizations)
{
    /// <summary>By id, whether it has ended or not.</summary>
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

    public async Task<Result<Workspace>> Find(WorkspaceReference reference, string owner, CancellationToken ct)
    {
        if (Ids.LooksLikeId(reference.Workspace))
            return await Find(reference.Workspace, ct) is { } workspace ? workspace : NotFound(reference);
        string? organizationId = null;
        if (reference.Organization.Length > 0)
        {
            var organization = await organizations.Find(reference.Organization, ct);
            if (organization.Refusal is { } refusal)
                return refusal;
            organizationId = organization.Value.OrganizationId;
        }

        return await Named(reference, owner, organizationId, ct) switch
        {
            [] => NotFound(reference),
            [var only] => only,
            _ => Refusal.Precondition(
                ErrorReasons.WorkspaceAmbiguous,
                $"You have a workspace \"{reference.Workspace}\" in more than one organization; name the organization."
            ),
        };
    }

    /// <summary>All that a provider holds and that has not ended.</summary>
    public async Task<IReadOnlyList<Workspace>> Unfinished(string providerId, CancellationToken ct)
    {
        await using var session = sessions.Read();
        return await session.Query<Workspace>().Where(w => w.ProviderId == providerId && !w.Finished).ToListAsync(ct);
    }

    /// <summary>A page of unfinished workspaces in order of id, which is the order of creation.</summary>
    /// <param name="after">Id of the last workspace of the page before; empty for the first page.</param>
    public async Task<IReadOnlyList<Workspace>> Page(
        WorkspaceFilter filter,
        string after,
        int size,
        CancellationToken ct
    )
    {
        await using var session = sessions.Read();
        var query = session.Query<Workspace>().Where(w => !w.Finished);
        if (filter.OrganizationId is not null)
            query = query.Where(w => w.OrganizationId == filter.OrganizationId);
        if (filter.ProviderId is not null)
            query = query.Where(w => w.ProviderId == filter.ProviderId);
        if (filter.Owner.Length > 0)
            query = query.Where(w => w.Owner == filter.Owner);
        if (filter.State is { } state)
            query = query.Where(w => w.State == state);
        if (after.Length > 0)
            query = query.Where(w => w.Id.CompareTo(StreamKeys.Workspace(after)) > 0);
        return await query.OrderBy(w => w.Id).Take(size).ToListAsync(ct);
    }

    /// <summary>At most two unfinished workspaces of an owner with a name, in whichever organizations.</summary>
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

    private static Refusal NotFound(WorkspaceReference reference) =>
        Refusal.NotFound(
            ErrorReasons.WorkspaceNotFound,
            $"There is no workspace \"{reference.Workspace}\" of yours; \"mesh workspaces ls\" lists them."
        );
}
