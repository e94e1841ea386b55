using System.Runtime.CompilerServices;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.V1;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Watches;

/// <summary>
/// Reports changes of resources within this process: to gRPC and JSON watches, and to pages. Changes come from the
/// change buffer, and from the database for subscriptions that start before it.
/// </summary>
internal sealed class Subscriptions(
    ChangeBuffer buffer,
    Backfill backfill,
    CommitNotifier commits,
    NpgsqlDataSource database,
    WatchMetrics metrics,
    WatchLimits limits,
    TimeProvider time
)
{
    private const int MaxAtOnce = 256;

    /// <summary>Returns the token of a list that is about to be read.</summary>
    public async Task<string> Now(CancellationToken ct)
    {
        var now = await FeedDatabase.Read(database, ct);
        return new ResumeToken(now.Name, now.End).ToText();
    }

    /// <summary>
    /// Reports progress first, then changes as they happen, and progress after each <see
    /// cref="WatchLimits.ProgressInterval"/> without a change. Ends only by cancellation or an exception.
    /// </summary>
    /// <param name="resumeToken">Well-formed; empty to begin now.</param>
    /// <exception cref="SubscriptionEndedException">
    /// It cannot start there, was read too slowly, or there are too many.
    /// </exception>
    public async IAsyncEnumerable<ResourceChange> Subscribe(
        string resumeToken,
        IChangeFilter filter,
        [EnumeratorCancellation] CancellationToken ct = default
    )
    {
        var reader = Join(await Begin(resumeToken, ct), filter);
        try
        {
            using var past = new BackfillReader(backfill);
            yield return Progress(reader);
            var last = time.GetTimestamp();
            while (true)
            {
                var before = reader.Position;
                var (changes, state) = await Next(reader, past, ct);
                foreach (var change in Reported(changes, filter, reader.Database, before))
                {
                    yield return change;
                    last = time.GetTimestamp();
                }

                var left = limits.ProgressInterval - time.GetElapsedTime(last);
                if (left <= TimeSpan.Zero)
                {
                    yield return Progress(reader);
                    last = time.GetTimestamp();
                }
                else if (state != BufferState.Behind && changes.Count == 0)
                    await reader.News.Wait(left, time, ct);
            }
        }
        finally
        {
            buffer.Leave(reader);
            metrics.Closed();
        }
    }

    private async Task<ResumeToken> Begin(string text, CancellationToken ct)
    {
        var now = await FeedDatabase.Read(database, ct);
        if (ResumeToken.Parse(text) is not { } token)
            return new ResumeToken(now.Name, now.End);
        return token.Database == now.Name && await backfill.CanGoOn(token.Position, ct)
            ? token
            : throw Ended(WatchErrors.Expired);
    }

    private WatchCursor Join(ResumeToken from, IChangeFilter filter)
    {
        var reader = new WatchCursor(from, c => filter.TypeOf(c) is not null);
        if (!buffer.TryJoin(reader))
            throw Ended(WatchErrors.TooMany);
        metrics.Opened();
        commits.News.Set();
        return reader;
    }

    /// <summary>The next changes of all resources; none if there are none yet.</summary>
    private async Task<(IReadOnlyList<FeedChange> Changes, BufferState State)> Next(
        WatchCursor reader,
        BackfillReader past,
        CancellationToken ct
    )
    {
        ct.ThrowIfCancellationRequested();
        var read = buffer.Read(reader, MaxAtOnce);
        if (read.State == BufferState.Lost)
            throw Ended(WatchErrors.Expired);
        if (read.State == BufferState.Open)
            past.Over();
        var changes = read.State == BufferState.Behind ? await past.Read(reader, ct) : read.Changes;
        if (changes is null)
            throw Ended(past.IsOver ? WatchErrors.TooSlow : WatchErrors.Expired);
        // The buffer is usually closed only until it is opened for this subscription.
        if (read.State == BufferState.Closed && (await FeedDatabase.Read(database, ct)).Name != reader.Database)
            throw Ended(WatchErrors.Expired);
        return (changes, read.State);
    }

    /// <summary>
    /// Returns the changes that match the filter. Of several changes at one position, only the last has the token of
    /// that position, so that a caller that resumes from an earlier one receives the others again.
    /// </summary>
    private static IEnumerable<ResourceChange> Reported(
        IReadOnlyList<FeedChange> changes,
        IChangeFilter filter,
        string database,
        FeedPosition before
    )
    {
        var reported = changes.Select(c => (Change: c, Type: filter.TypeOf(c))).Where(c => c.Type is not null).ToList();
        foreach (var (index, (change, type)) in reported.Index())
        {
            var isLast = index + 1 == reported.Count || reported[index + 1].Change.Position != change.Position;
            if (isLast)
                before = change.Position;
            yield return new ResourceChange(type!.Value, change, new ResumeToken(database, before).ToText());
        }
    }

    private static ResourceChange Progress(WatchCursor reader) =>
        new(ChangeType.Progress, null, TokenAt(reader, reader.Position));

    private static string TokenAt(WatchCursor reader, FeedPosition position) =>
        new ResumeToken(reader.Database, position).ToText();

    private SubscriptionEndedException Ended(Error why)
    {
        metrics.Ended(why.Reason);
        return new SubscriptionEndedException(why);
    }
}
