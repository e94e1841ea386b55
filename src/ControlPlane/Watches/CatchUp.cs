using Coder.Mesh.ControlPlane.Storage;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Watches;

/// <summary>Reads what happened before the log of changes begins, for watches that resume; a few of them at once.</summary>
internal sealed class CatchUp(
    NpgsqlDataSource database,
    StreamHistory history,
    ShownResources shown,
    ILogger<CatchUp> logger
) : IDisposable
{
    /// <summary>A crowd that comes back at once must not take all connections to the store.</summary>
    private readonly SemaphoreSlim _turns = new(8);

    /// <summary>Of one watch's own past, which a thousand may read at a time: it remembers little.</summary>
    public ChangeFolder NewFolder() => new(history, shown, remembered: 500);

    /// <returns>False if what comes after it can't be read: it is too old, or of a later copy of this database.</returns>
    public async Task<bool> CanGoOn(FeedPosition position, CancellationToken ct) =>
        await Turn(() => FeedPage.Read(database, position, exceptReplica: null, size: 1, ct), ct)
            is { Foreign: false, Trimmed: false };

    /// <summary>Moves the reader over what it gives.</summary>
    /// <returns>Null if what comes next is gone, or can't be told.</returns>
    public Task<IReadOnlyList<FeedChange>?> Read(LogReader reader, ChangeFolder folder, CancellationToken ct) =>
        Turn(
            async () =>
            {
                var page = await FeedPage.Read(
                    database,
                    reader.Position,
                    exceptReplica: null,
                    ChangeFolder.MaxRows,
                    ct
                );
                if (page.Foreign || page.Trimmed)
                    return null;
                try
                {
                    var changes = await folder.Fold(page.Rows, ct);
                    reader.Position = page.Next;
                    return changes;
                }
                catch (Exception e) when (e is not OperationCanceledException && !StoreFailure.IsAway(e))
                {
                    // As of an event that only a later version knows: it would be the same again.
                    logger.PastNotTold(e.Message);
                    return null;
                }
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

/// <summary>The past of one watch, until it has come to the present: from then on it has to keep up.</summary>
internal sealed class Past(CatchUp catchUp) : IDisposable
{
    private ChangeFolder? _folder;

    public bool IsOver { get; private set; }

    /// <returns>Null if it is over, or what comes next is gone or can't be told.</returns>
    public async Task<IReadOnlyList<FeedChange>?> Read(LogReader reader, CancellationToken ct) =>
        IsOver ? null : await catchUp.Read(reader, _folder ??= catchUp.NewFolder(), ct);

    public void Over()
    {
        IsOver = true;
        Dispose();
    }

    public void Dispose()
    {
        _folder?.Dispose();
        _folder = null;
    }
}
