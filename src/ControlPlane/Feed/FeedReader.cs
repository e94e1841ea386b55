using Coder.Mesh.ControlPlane.Agents;
using Coder.Mesh.ControlPlane.Replicas;
using Coder.Mesh.ControlPlane.Storage;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Feed;

/// <summary>
/// Follows what other replicas commit and rings this one's doorbell: woken by their NOTIFY, and once a second in any case.
/// </summary>
internal sealed class FeedReader(
    NpgsqlDataSource database,
    Replica replica,
    FeedDoorbell doorbell,
    AgentSessions sessions,
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

    private readonly Signal _news = new();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await Task.WhenAll(Listen(stoppingToken), Follow(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopping.
        }
    }

    private async Task Follow(CancellationToken ct)
    {
        FeedPosition? position = null;
        var wait = ReadAgain;
        while (true)
        {
            try
            {
                position ??= await FeedPage.End(database, ct);
                var page = await FeedPage.Read(database, position.Value, replica.Id, ct);
                if (page.Foreign)
                {
                    logger.OtherDatabase(position.Value.TransactionId);
                    position = null;
                    // What their agents were told isn't what this database knows: all of them begin anew.
                    sessions.CloseAll(SessionEnd.StoreAway);
                    continue;
                }

                await doorbell.Ring(page.Streams, ct);
                position = page.Next;
                if (page.More)
                    continue;
                if (page.Unsettled)
                {
                    wait = Longer(wait);
                    // In the machine's time, as the transaction that is waited for.
                    await Task.Delay(wait, ct);
                    continue;
                }

                wait = ReadAgain;
            }
            catch (Exception e) when (StoreFailure.IsAway(e))
            {
                logger.FeedNotRead(e.Message);
                wait = ReadAgain;
            }

            await _news.Wait(wait, time, ct);
        }
    }

    // A transaction that runs ends soon as a rule, and rings only if it commits.
    private static TimeSpan Longer(TimeSpan wait)
    {
        if (wait >= ReadAgain)
            return ShortestWait;
        return wait * 2 < LongestWait ? wait * 2 : LongestWait;
    }

    private async Task Listen(CancellationToken ct)
    {
        while (true)
        {
            try
            {
                await using var connection = await database.OpenConnectionAsync(ct);
                connection.Notification += (_, _) => _news.Set();
                await using (var listen = new NpgsqlCommand($"listen {FeedBell.Channel}", connection))
                    await listen.ExecuteNonQueryAsync(ct);
                // Whatever was said before this one listened.
                _news.Set();
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
