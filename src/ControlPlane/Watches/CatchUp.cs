using Coder.Mesh.ControlPlane.Feed;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Watches;

internal sealed record CatchUpPage(IReadOnlyList<FeedChange> Changes, FeedPosition Next);

/// <summary>Reads what happened before the log of changes begins, for watches that resume; a few of them at once.</summary>
internal sealed class CatchUp(
    NpgsqlDataSource database,
    StreamHistory history,
    Workspaces.WorkspaceAnswers workspaces,
    Providers.ProviderAnswers providers
) : IDisposable
{
    /// <summary>A crowd that comes back at once must not take all connections to the store.</summary>
    private readonly SemaphoreSlim _turns = new(8);

    /// <summary>Of one watch's own past.</summary>
    public ChangeFolder NewFolder() => new(history, workspaces, providers);

    /// <returns>False if what comes after it can't be read: it is too old, or of a later copy of this database.</returns>
    public async Task<bool> CanGoOn(FeedPosition position, CancellationToken ct) =>
        await Turn(async () => await FeedPage.Read(database, position, exceptReplica: null, size: 1, ct), ct)
            is { Foreign: false, Trimmed: false };

    /// <returns>Null if rows after the position are gone.</returns>
    public Task<CatchUpPage?> Read(FeedPosition from, ChangeFolder folder, CancellationToken ct) =>
        Turn<CatchUpPage?>(
            async () =>
            {
                var page = await FeedPage.Read(database, from, exceptReplica: null, ChangeFolder.MaxRows, ct);
                return page.Foreign || page.Trimmed
                    ? null
                    : new CatchUpPage(await folder.Fold(page.Rows, ct), page.Next);
            },
            ct
        );

    public void Dispose() => _turns.Dispose();

    private async Task<T> Turn<T>(Func<Task<T>> read, CancellationToken ct)
    {
        await _turns.WaitAsync(ct);
        try
        {
            return await read();
        }
        finally
        {
            _turns.Release();
        }
    }
}
