using Coder.Mesh.ControlPlane.Storage;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Watches;

/// <summary>
/// Reads changes from before the beginning of the change log, for watches that resume. Few run at once.
/// </summary>
internal sealed class Backfill(
    NpgsqlDataSource database,
    StreamHistory history,
    ShownResources shown,
    ILogger<Backfill> logger
) : IDisposable
{
    /// <summary>Keeps many watches that resume at the same time from using all database connections.</summary>
    private readonly SemaphoreSlim _turns = new(8);

    /// <summary>
    /// Creates a projector for one watch. A thousand watches may have one each, so its cache is small.
    /// </summary>
    public ChangeProjector NewProjector() => new(history, shown, remembered: 500);

    /// <returns>False if the position is too old, or belongs to another database.</returns>
    public async Task<bool> CanGoOn(FeedPosition position, CancellationToken ct) =>
        await Turn(() => FeedPage.Read(database, position, exceptReplica: null, size: 1, ct), ct)
            is { Foreign: false, Trimmed: false };

    /// <summary>Returns the next changes and moves the reader behind them.</summary>
    /// <returns>Null if the next changes were trimmed, or cannot be read.</returns>
    public Task<IReadOnlyList<FeedChange>?> Read(WatchCursor reader, ChangeProjector projector, CancellationToken ct) =>
        Turn(
            async () =>
            {
                var page = await FeedPage.Read(
                    database,
                    reader.Position,
                    exceptReplica: null,
                    ChangeProjector.MaxRows,
                    ct
                );
                if (page.Foreign || page.Trimmed)
                    return null;
                try
                {
                    var changes = await projector.Fold(page.Rows, ct);
                    reader.Position = page.Next;
                    return changes;
                }
                catch (Exception e) when (e is not OperationCanceledException && !StoreFailure.IsUnavailable(e))
                {
                    // Such as an event of a later version: a retry would fail in the same way.
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

/// <summary>
/// Reads the past for one watch until it has reached the present; after that the watch has to keep up.
/// </summary>
internal sealed class BackfillReader(Backfill backfill) : IDisposable
{
    private ChangeProjector? _projector;

    public bool IsOver { get; private set; }

    /// <returns>Null if the watch had reached the present, or the next changes were trimmed or cannot be
    /// read.</returns>
    public async Task<IReadOnlyList<FeedChange>?> Read(WatchCursor reader, CancellationToken ct) =>
        IsOver ? null : await backfill.Read(reader, _projector ??= backfill.NewProjector(), ct);

    public void Over()
    {
        IsOver = true;
        Dispose();
    }

    public void Dispose()
    {
        _projector?.Dispose();
        _projector = null;
    }
}
