using Coder.Mesh.ControlPlane.Replicas;
using Coder.Mesh.ControlPlane.Storage;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Watches;

/// <summary>
/// Follows the feed, alone for the whole replica: what other replicas have committed is reported to the observer, and while
/// anybody watches, every change goes into the log of changes. Woken by commits and by the others' NOTIFY, and once a
/// second in any case.
/// </summary>
internal sealed class FeedReader(
    NpgsqlDataSource database,
    Replica replica,
    IFeedObserver observer,
    FeedBell bell,
    ChangeLog changes,
    ChangeFolder folder,
    WatchLimits limits,
    TimeProvider time,
    ILogger<FeedReader> logger
) : BackgroundService
{
    /// <summary>How late a change is seen when its NOTIFY is lost.</summary>
    private static readonly TimeSpan ReadAgain = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan ShortestWait = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan LongestWait = TimeSpan.FromMilliseconds(100);

    /// <summary>How long a connection that hears nothing is believed to be one.</summary>
    private static readonly TimeSpan ProbeAfter = TimeSpan.FromSeconds(15);

    private const int PageSize = 1000;

    /// <summary>The observer was told of everything up to here.</summary>
    private FeedPosition? _position;

    /// <summary>Up to here the log of changes has been told; it begins in the past, and then comes after.</summary>
    private FeedPosition? _told;

    /// <summary>Where the feed was when the log was opened.</summary>
    private FeedPosition _opened;

    private string? _database;

    /// <summary>The database may be another one by now.</summary>
    private volatile bool _unsure = true;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            // Not all: either goes on for ever, and would hide that the other has failed.
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
                    // A transaction that runs ends soon as a rule, and rings only if it commits.
                    wait = page.Rows.Count > 0 || wait >= ReadAgain ? ShortestWait : Longer(wait);
                    // In the machine's time, as the transaction that is waited for.
                    await Task.Delay(wait, ct);
                    continue;
                }

                wait = ReadAgain;
                // What is committed meanwhile is read together.
                if (page.Rows.Count > 0)
                    await Task.Delay(ShortestWait, ct);
            }
            catch (Exception e) when (StoreFailure.IsAway(e))
            {
                logger.FeedNotRead(e.Message);
                wait = ReadAgain;
                // Perhaps it comes back as another one.
                _unsure = true;
            }

            await bell.News.Wait(wait, time, ct);
        }
    }

    /// <returns>Null if the position was of another database, or too old: it is where the feed is now, then.</returns>
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
            // Even while the log comes after, for agents don't wait for it.
            var news = await Read(position, exceptReplica: replica.Id, PageSize, ct);
            if (news is null || !past)
                return news;
        }

        var page = await Read(_told!.Value, exceptReplica: null, past ? ChangeFolder.MaxRows : PageSize, ct);
        if (page is not null)
            await Tell(name, page, ct);
        return page;
    }

    /// <summary>Reads on, and rings for what of it is new.</summary>
    /// <returns>Null if the position is of another database, or too old.</returns>
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

    // Watches that come back after a restart, or from another replica, find together what they have missed.
    private async Task OpenRecent(string name, FeedPosition position, CancellationToken ct)
    {
        var begin = await RecentFeed.Begin(database, position, limits.OpenedChanges, limits.OpenedAge, ct);
        // What was read last may lie before what these watches begin with.
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

    // In parts, each of them told as soon as it is folded, and not again if the store is away before the next one.
    private async Task Tell(string name, FeedPage page, CancellationToken ct)
    {
        try
        {
            foreach (var rows in page.Rows.Chunk(ChangeFolder.MaxRows))
            {
                changes.Append(await folder.Fold(rows, ct), rows[^1].Position);
                _told = rows[^1].Position;
            }

            changes.Append([], page.Next);
            _told = page.Next;
        }
        catch (Exception e) when (e is not OperationCanceledException && !StoreFailure.IsAway(e))
        {
            // As of an event that only a later version knows. Agents wait for the other changes of the feed, and watches
            // find all of them in their next list.
            logger.NotTold(e);
            if (_told < _opened)
                // Nobody who began since has asked for it.
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

    private static TimeSpan Longer(TimeSpan wait) => wait * 2 < LongestWait ? wait * 2 : LongestWait;

    private async Task Listen(CancellationToken ct)
    {
        while (true)
        {
            try
            {
                await using var connection = await database.OpenConnectionAsync(ct);
                connection.Notification += (_, _) => bell.News.Set();
                await using (var listen = new NpgsqlCommand($"listen {FeedBell.Channel}", connection))
                    await listen.ExecuteNonQueryAsync(ct);
                // Whatever was said before this one listened; and whoever was listened to before may have been another one.
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
            catch (Exception e) when (StoreFailure.IsAway(e))
            {
                logger.NotListening(e.Message);
                await Task.Delay(ReadAgain, time, ct);
            }
        }
    }
}
