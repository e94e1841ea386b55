using Coder.Mesh.ControlPlane.Storage;
using Marten;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Workspaces;

/// <summary>Reads workspaces.</summary>
internal sealed class WorkspaceView(StoreSessions sessions, NpgsqlDataSource database)
{
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

    /// <summary>All that a provider holds and that has not ended.</summary>
    public async Task<IReadOnlyList<Workspace>> Unfinished(string providerId, CancellationToken ct)
    {
        await using var session = sessions.Read();
        return await session.Query<Workspace>().Where(w => w.ProviderId == providerId && !w.Finished).ToListAsync(ct);
    }

    /// <summary>Unfinished workspaces of an owner with a name, in whichever organizations.</summary>
    public async Task<IReadOnlyList<Workspace>> Named(
        string name,
        string owner,
        string? organizationId,
        CancellationToken ct
    )
    {
        await using var session = sessions.Read();
        var query = session.Query<Workspace>().Where(w => w.Name == name && w.Owner == owner && !w.Finished);
        if (organizationId is not null)
            query = query.Where(w => w.OrganizationId == organizationId);
        return await query.Take(2).ToListAsync(ct);
    }

    /// <summary>A page of unfinished workspaces in order of id, which is the order of creation.</summary>
    /// <param name="after">Id of the last workspace of the page before; empty for the first page.</param>
    public async Task<IReadOnlyList<Workspace>> Page(
        string? organizationId,
        string? providerId,
        string after,
        int size,
        CancellationToken ct
    )
    {
        await using var session = sessions.Read();
        var query = session.Query<Workspace>().Where(w => !w.Finished);
        if (organizationId is not null)
            query = query.Where(w => w.OrganizationId == organizationId);
        if (providerId is not null)
            query = query.Where(w => w.ProviderId == providerId);
        if (after.Length > 0)
            query = query.Where(w => w.Id.CompareTo(StreamKeys.Workspace(after)) > 0);
        return await query.OrderBy(w => w.Id).Take(size).ToListAsync(ct);
    }

    /// <summary>Unfinished workspaces by provider; a provider without any is missing.</summary>
    public async Task<IReadOnlyDictionary<string, int>> CountUnfinished(string[] providerIds, CancellationToken ct)
    {
        await using var command = database.CreateCommand(
            """
            select data ->> 'ProviderId', count(*)::int from mesh.mt_doc_workspace
            where not (data ->> 'Finished')::boolean and data ->> 'ProviderId' = any($1) group by 1
            """
        );
        command.Parameters.AddWithValue(providerIds);
        var counts = new Dictionary<string, int>();
        await using var rows = await command.ExecuteReaderAsync(ct);
        while (await rows.ReadAsync(ct))
            counts[rows.GetString(0)] = rows.GetInt32(1);
        return counts;
    }
}
