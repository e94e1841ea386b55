using System.Diagnostics;
using Coder.Mesh.ControlPlane.Feed;
using Coder.Mesh.ControlPlane.Refusals;
using Grpc.Core;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Watches;

/// <summary>What a watch says of a change, or, of null, that it has come so far; null if the change is none of its own.</summary>
internal delegate TMessage? Telling<out TMessage>(FeedChange? change, string resumeToken)
    where TMessage : class;

/// <summary>Runs watches: from the log of changes, and from the store for those that begin before it does.</summary>
internal sealed class WatchStream(
    ChangeLog log,
    CatchUp catchUp,
    FeedBell bell,
    NpgsqlDataSource database,
    WatchMetrics metrics,
    WatchLimits limits,
    IHostApplicationLifetime lifetime,
    TimeProvider time
)
{
    private const int MaxAtOnce = 256;

    /// <summary>The token of a list that is about to be read.</summary>
    public async Task<string> Now(CancellationToken ct)
    {
        var now = await FeedDatabase.Read(database, ct);
        return new ResumeToken(now.Name, now.End).ToText();
    }

    /// <summary>Runs until the caller goes.</summary>
    /// <param name="resumeToken">Well-formed; empty to begin now.</param>
    /// <exception cref="RpcException">It can't begin there, is too slow, or the replica stops.</exception>
    public async Task Run<TMessage>(
        string resumeToken,
        Telling<TMessage> tell,
        IServerStreamWriter<TMessage> messages,
        ServerCallContext context
    )
        where TMessage : class
    {
        if (!log.TryJoin())
            throw Ended(WatchRefusals.TooMany);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(
            context.CancellationToken,
            lifetime.ApplicationStopping
        );
        // No span lasts as long as a watch.
        Activity.Current = null;
        metrics.Opened();
        try
        {
            bell.News.Set();
            var from = await Begin(resumeToken, ending.Token);
            await Run(new Reader(from), tell, new Sink<TMessage>(messages, limits.WriteTime, time), ending.Token);
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            throw Ended(WatchRefusals.Restarting);
        }
        finally
        {
            log.Leave();
            metrics.Closed();
        }
    }

    private async Task<ResumeToken> Begin(string text, CancellationToken ct)
    {
        var now = await FeedDatabase.Read(database, ct);
        if (ResumeToken.Parse(text) is not { } token)
            return new ResumeToken(now.Name, now.End);
        return token.Database == now.Name && await catchUp.CanGoOn(token.Position, ct)
            ? token
            : throw Ended(WatchRefusals.Expired);
    }

    private async Task Run<TMessage>(Reader at, Telling<TMessage> tell, Sink<TMessage> sink, CancellationToken ct)
        where TMessage : class
    {
        await sink.Write(tell(null, at.Token)!, ct);
        while (true)
        {
            var news = log.News;
            var changes = await Read(at, ct);
            foreach (var change in changes)
            {
                at.Position = change.Position;
                if (tell(change, at.Token) is { } message && !await sink.Write(message, ct))
                    throw Ended(WatchRefusals.TooSlow);
            }

            at.Position = at.Next;
            if (changes.Count > 0 || at.More)
                continue;
            if (await Idle(news, sink.Quiet, ct))
                continue;
            if (!await sink.Write(tell(null, at.Token)!, ct))
                throw Ended(WatchRefusals.TooSlow);
        }
    }

    private async Task<IReadOnlyList<FeedChange>> Read(Reader at, CancellationToken ct)
    {
        var read = log.Read(at.Database, at.Position, MaxAtOnce);
        (at.Next, at.More) = (read.Next, false);
        switch (read.State)
        {
            case LogState.Open:
                at.Live = true;
                return read.Changes;
            case LogState.Behind when at.Live:
                throw Ended(WatchRefusals.TooSlow);
            case LogState.Behind:
                var page = await catchUp.Read(at.Position, at.Folder ??= catchUp.NewFolder(), ct);
                (at.Next, at.More) = (page?.Next ?? throw Ended(WatchRefusals.Expired), true);
                return page.Changes;
            default:
                // Told again soon, or of another database then.
                if ((await FeedDatabase.Read(database, ct)).Name != at.Database)
                    throw Ended(WatchRefusals.Expired);
                return [];
        }
    }

    /// <returns>False if nothing came for so long that the watch should say where it is.</returns>
    private async Task<bool> Idle(Task news, TimeSpan quiet, CancellationToken ct)
    {
        if (limits.ProgressInterval - quiet is not { Ticks: > 0 } left)
            return false;
        try
        {
            await news.WaitAsync(left, time, ct);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private RpcException Ended(Refusal why)
    {
        metrics.Ended(why.Reason);
        return why.ToRpcException();
    }

    /// <summary>How far one watch has come.</summary>
    private sealed class Reader(ResumeToken from)
    {
        public string Database => from.Database;

        public FeedPosition Position { get; set; } = from.Position;

        public FeedPosition Next { get; set; }

        /// <summary>There is more to read at once.</summary>
        public bool More { get; set; }

        /// <summary>It has read from the log: from then on it has to keep up.</summary>
        public bool Live { get; set; }

        public ChangeFolder? Folder { get; set; }

        public string Token => new ResumeToken(from.Database, Position).ToText();
    }
}
