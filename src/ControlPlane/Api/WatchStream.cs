using System.Diagnostics;
using Coder.Mesh.ControlPlane.Api.CallLimits;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Edge;
using Coder.Mesh.ControlPlane.Identity;
using Coder.Mesh.ControlPlane.Mapping;
using Coder.Mesh.ControlPlane.Watches;
using Coder.Mesh.V1;
using Grpc.Core;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Api;

/// <summary>Runs watches: from the log of changes, and from the store for those that begin before it does.</summary>
internal sealed class WatchStream(
    ChangeLog log,
    CatchUp catchUp,
    FeedBell bell,
    NpgsqlDataSource database,
    WatchMetrics metrics,
    WatchLimits limits,
    LongCalls calls,
    OpenStreams streams,
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

    /// <summary>Runs until the caller goes, or its token is revoked.</summary>
    /// <param name="resumeToken">Well-formed; empty to begin now.</param>
    /// <exception cref="RpcException">It can't begin there, is too slow, or the replica stops.</exception>
    public async Task Run<TMessage>(
        string resumeToken,
        IWatch<TMessage> watch,
        IServerStreamWriter<TMessage> messages,
        ServerCallContext context
    )
        where TMessage : class
    {
        streams.Enter(context.GetHttpContext());
        using var call = calls.Begin(context.TokenRecord());
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(
            context.CancellationToken,
            lifetime.ApplicationStopping,
            call.Revoked
        );
        // No span lasts as long as a watch.
        Activity.Current = null;
        try
        {
            var reader = new LogReader(await Begin(resumeToken, ending.Token), c => watch.Judge(c) is not null);
            if (!log.TryJoin(reader))
                throw Ended(WatchRefusals.TooMany);
            metrics.Opened();
            try
            {
                bell.News.Set();
                CallPermit.Begun(context.GetHttpContext());
                using var sink = new Sink<TMessage>(messages, limits.WriteTime, time);
                await Run(reader, watch, sink, ending.Token);
            }
            finally
            {
                log.Leave(reader);
                metrics.Closed();
            }
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            throw Ended(WatchRefusals.Restarting);
        }
        catch (OperationCanceledException) when (call.Revoked.IsCancellationRequested)
        {
            throw Ended(TokenRefusals.Invalid);
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

    private async Task Run<TMessage>(
        LogReader reader,
        IWatch<TMessage> watch,
        Sink<TMessage> sink,
        CancellationToken ct
    )
        where TMessage : class
    {
        await Write(ChangeType.Progress, null, reader.Position);
        using var past = new Past(catchUp);
        while (true)
        {
            var read = log.Read(reader, MaxAtOnce);
            if (read.State == LogState.Lost)
                throw Ended(WatchRefusals.Expired);
            if (read.State == LogState.Open)
                past.Over();
            var changes = read.State == LogState.Behind ? await past.Read(reader, ct) : read.Changes;
            if (changes is null)
                throw Ended(past.IsOver ? WatchRefusals.TooSlow : WatchRefusals.Expired);
            foreach (var change in changes)
            {
                if (watch.Judge(change) is { } type)
                    await Write(type, change, change.Position);
            }

            if (read.State == LogState.Closed && await IsAnother(reader.Database, ct))
                throw Ended(WatchRefusals.Expired);
            if (limits.ProgressInterval - sink.Quiet is not { Ticks: > 0 } left)
                await Write(ChangeType.Progress, null, reader.Position);
            else if (read.State != LogState.Behind && changes.Count == 0)
                await reader.News.Wait(left, time, ct);
        }

        async Task Write(ChangeType type, FeedChange? change, FeedPosition at)
        {
            var token = new ResumeToken(reader.Database, at).ToText();
            if (!await sink.Write(watch.Tell(type, change, token), ct))
                throw Ended(WatchRefusals.TooSlow);
        }
    }

    // A log is closed for a moment as a rule: it is opened for this watch.
    private async Task<bool> IsAnother(string name, CancellationToken ct) =>
        (await FeedDatabase.Read(database, ct)).Name != name;

    private RpcException Ended(Refusal why)
    {
        metrics.Ended(why.Reason);
        return why.ToRpcException();
    }
}
