using Coder.Mesh.ControlPlane.Storage;
using Marten;

namespace Coder.Mesh.ControlPlane.Workspaces;

/// <summary>Ends the workspaces of a provider that is forgotten.</summary>
internal static class WorkspaceLoss
{
    private const int BatchSize = 200;

    /// <summary>Ends all of them as Lost in the session's transaction.</summary>
    /// <returns>Number of workspaces.</returns>
    public static async Task<int> EndAll(
        WriteSession session,
        string providerId,
        string reason,
        DateTimeOffset at,
        CancellationToken ct
    )
    {
        var documents = session.Documents;
        var ids = await documents
            .Query<Workspace>()
            .Where(w => w.ProviderId == providerId && !w.Finished)
            .Select(w => w.Id)
            .ToListAsync(ct);
        foreach (var chunk in ids.Chunk(BatchSize))
        {
            var batch = documents.CreateBatchQuery();
            var streams = chunk.Select(id => batch.Events.FetchForWriting<Workspace>(id)).ToList();
            await batch.Execute(ct);
            foreach (var fetched in streams)
            {
                var stream = await fetched;
                stream.AppendMany(WorkspaceDecider.Decide(stream.Aggregate, new LoseWorkspace(reason, at)).Events);
            }
        }

        return ids.Count;
    }
}
