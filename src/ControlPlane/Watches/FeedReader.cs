using Coder.Mesh.ControlPlane.Replicas;
using Coder.Mesh.ControlPlane.Storage;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Watches;

/// <summary>
/// Follows the feed for the whole replica. Reports commits of other replicas to the observer, and while there are
/// watches, appends every change to the change log. Woken by commits and by NOTIFYs of other replicas, and at least
/// once a second.
/// </summary>
internal sealed class FeedReader(
    NpgsqlDataSource database,
    Replica replica,
    IFeedObserver observer,
    CommitNotifier bell,
    ChangeBuffer changes,
    ChangeProjector folder,
    WatchLimits limits,
    TimeProvider time,
    ILogger<FeedReader> logger
) : BackgroundService
{
    /// <summary>Polling interval, which bounds the delay of a change whose NOTIFY was lost.</summary>
    private static readonly TimeSpan ReadAgain = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan ShortestWait = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan MaxWait = TimeSpan.FromMilliseconds(100);

    /// <summary>Time without notifications after which the connection is probed.</summary>
    private static readonly TimeSpan ProbeAfter = TimeSpan.FromSeconds(15);

    private const int PageSize = 1000;

    /// <summary>Position up to which the observer has been called.</summary>
    private FeedPosition? _position;

    /// <summary>Position up to which the change log is filled. It starts in the past and catches up.</summary>
    private FeedPosition? _told;

    /// <summary>End of the feed when the change log was opened.</summary>
    private FeedPosition _opened;

    private string? _database;

    /// <summary>Whether the database has to be identified again, for example after a lost connection.</summary>
    private volatile bool _unsure = true;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            // WhenAny, not WhenAll: each loop runs forever and would hide a failure of the other.
            await await Task.WhenAny(Listen(stoppingToken), Follow(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopping.
        }
    }

    private async Task Follow(CancellationToken ct)
    {
        var wait = ReadAgain;
        while (true)
        {
            try
            {
                var page = await Next(ct);
                if (page is null or { More: true })
                    continue;
                if (page.Unsettled)
                {
                    // A running transaction usually ends soon, and causes a notification only if it commits.
                    wait = page.Rows.Count > 0 || wait >= ReadAgain ? ShortestWait : Longer(wait);
                    // Real time even in tests, as that of the transaction.
                    await Task.Delay(wait, ct);
                    continue;
                }

                wait = ReadAgain;
                // Read together what is committed meanwhile.
                if (page.Rows.Count > 0)
                    await Task.Delay(ShortestWait, ct);
            }
            catch (Exception e) when (StoreFailure.IsUnavailable(e))
            {
                logger.FeedNotRead(e.Message);
                wait = ReadAgain;
                // The server may come back with another database.
                _unsure = true;
            }

            await bell.News.Wait(wait, time, ct);
        }
    }

    /// <returns>Null if the position was too old or of another database; reading then continues at the end of the
    /// feed.</returns>
    private async Task<FeedPage?> Next(CancellationToken ct)
    {
        if (_database is not { } name || _position is not { } position || _unsure)
        {
            _unsure = false;
            var now = await FeedDatabase.Read(database, ct);
            if (_database is { } before && before != now.Name)
                LeaveDatabase();
            (_database, _position) = (name, position) = (now.Name, _position ?? now.End);
        }

        if (!changes.Watched)
            CloseLog();
        else if (!changes.IsOpenFor(name))
            await OpenRecent(name, position, ct);
        var past = _told < position;
        if (past || _told is null)
        {
            // Observers are called even while the change log is catching up, so that agents do not wait for it.
            var news = await Read(position, exceptReplica: replica.Id, PageSize, ct);
            if (news is null || !past)
                return news;
        }

        var page = await Read(_told!.Value, exceptReplica: null, past ? ChangeProjector.MaxRows : PageSize, ct);
        if (page is not null)
            await Deliver(name, page, ct);
        return page;
    }

    /// <summary>Reads the next page and calls the observer for its new rows.</summary>
    /// <returns>Null if the position is too old or of another database.</returns>
    private async Task<FeedPage?> Read(FeedPosition from, string? exceptReplica, int size, CancellationToken ct)
    {
        var page = await FeedPage.Read(database, from, exceptReplica, size, ct);
        if (page.Foreign)
            LeaveDatabase();
        else if (page.Trimmed)
            Lose();
        if (_position is not { } position)
            return null;

        var others = page.Rows.Where(r => r.Replica != replica.Id && r.Position > position).Select(r => r.Stream);
        await observer.StreamsChanged([.. others], ct);
        if (position < page.Next)
            _position = page.Next;
        return page;
    }

    private void CloseLog()
    {
        changes.Close();
        folder.Forget();
        _told = null;
    }

    // Starts the log in the past, so that watches that resume after a restart share one read of what they missed.
    private async Task OpenRecent(string name, FeedPosition position, CancellationToken ct)
    {
        var begin = await RecentFeed.Begin(database, position, limits.OpenedChanges, limits.OpenedAge, ct);
        // The position that was read last may be before the position at which these watches begin.
        var now = (await FeedDatabase.Read(database, ct)).End;
        _opened = now < position ? position : now;
        OpenLog(name, begin);
    }

    private void OpenLog(string name, FeedPosition begin)
    {
        folder.Forget();
        changes.Open(name, begin, now: _opened);
        _told = begin;
    }

    private void BreakLog()
    {
        changes.Break();
        _told = null;
    }

    // In chunks, so that a chunk is not repeated if the database becomes unavailable before the next one.
    private async Task Deliver(string name, FeedPage page, CancellationToken ct)
    {
        try
        {
            foreach (var rows in page.Rows.Chunk(ChangeProjector.MaxRows))
            {
                changes.Append(await folder.Fold(rows, ct), rows[^1].Position);
                _told = rows[^1].Position;
            }

            changes.Append([], page.Next);
            _told = page.Next;
        }
        catch (Exception e) when (e is not OperationCanceledException && !StoreFailure.IsUnavailable(e))
        {
            // Such as an event of a later version. Reading continues, because agents need the other changes; watches
            // are ended and list again.
            logger.NotTold(e);
            if (_told < _opened)
                // Watches opened since then begin after the failed change, so they need not end.
                OpenLog(name, page.Next < _opened ? page.Next : _opened);
            else
                BreakLog();
        }
    }

    private void Lose()
    {
        logger.FeedMissed();
        Break();
    }

    private void LeaveDatabase()
    {
        logger.OtherDatabase();
        Break();
        observer.DatabaseChanged();
    }

    private void Break()
    {
        _position = null;
        BreakLog();
    }

    private static TimeSpan Longer(TimeSpan wait) => wait * 2 < MaxWait ? wait * 2 : MaxWait;

    private async Task Listen(CancellationToken ct)
    {
        while (true)
        {
            try
            {
                await using var connection = await database.OpenConnectionAsync(ct);
                connection.Notification += (_, _) => bell.News.Set();
                await using (var listen = new NpgsqlCommand($"listen {CommitNotifier.Channel}", connection))
                    await listen.ExecuteNonQueryAsync(ct);
                // Notifications before LISTEN are lost, and the server may be another one than before.
                _unsure = true;
                bell.News.Set();
                while (true)
                {
                    if (await connection.WaitAsync(ProbeAfter, ct))
                        continue;
                    await using var probe = new NpgsqlCommand("select 1", connection);
                    await probe.ExecuteNonQueryAsync(ct);
                }
            }
            catch (Exception e) when (StoreFailure.IsUnavailable(e))
            {
                logger.NotListening(e.Message);
                await Task.Delay(ReadAgain, time, ct);
            }
        }
    }
}
