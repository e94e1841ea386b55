using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Storage;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Workspaces;

/// <summary>Reports of one batch that are not stored yet, by workspace.</summary>
/// <param name="Failed">Could not be stored, and why.</param>
/// <param name="Early">Changed more often than is stored, and how long until there is room.</param>
internal sealed record UnstoredReports(Dictionary<string, Exception> Failed, Dictionary<string, TimeSpan> Early);

/// <summary>Commands of users, admins and agents on existing workspaces: load, decide, append.</summary>
internal sealed class WorkspaceCommands(
    CommandExecutor writer,
    WorkspaceView view,
    StoreSessions sessions,
    NpgsqlDataSource database,
    IAgentNotifier agents,
    TimeProvider time
)
{
    private static readonly Polly.ResiliencePipeline<bool> Retry = ConflictRetry.Of<bool>();

    /// <summary>Starts, stops, deletes, restarts or updates a workspace.</summary>
    public Task<Result<WriteResult>> Change(
        WriteContext context,
        WorkspaceReference reference,
        WorkspaceCommand change,
        CancellationToken ct
    ) =>
        Change(
            context,
            reference,
            async (session, workspace) =>
                change switch
                {
                    ChangeDesiredState { Desired: DesiredState.Running } start => start with
                    {
                        Details = await DetailsNow(session, workspace, ct),
                    },
                    RestartWorkspace restart => restart with { Details = await DetailsNow(session, workspace, ct) },
                    _ => change,
                },
            ct
        );

    private static async Task<WorkspaceDetails> DetailsNow(
        WriteSession session,
        Workspace workspace,
        CancellationToken ct
    )
    {
        var provider = await session.Documents.LoadAsync<Provider>(StreamKeys.Provider(workspace.ProviderId), ct);
        return provider!.Details.Workspaces;
    }

    /// <summary>Ends a workspace as Lost. Locks its provider, so that the reported status stays true.</summary>
    public Task<Result<WriteResult>> Abandon(
        WriteContext context,
        WorkspaceReference reference,
        string reason,
        CancellationToken ct
    ) =>
        Change(
            context,
            reference,
            async (session, workspace) =>
            {
                var key = StreamKeys.Presence(workspace.ProviderId);
                var presence = await session.Documents.LoadAsync<ProviderPresence>(key, ct);
                return new AbandonWorkspace(presence!.Status, reason, time.GetUtcNow());
            },
            ct
        );

    public Task<Result<WriteResult>> RaiseGeneration(string workspaceId, long seen, CancellationToken ct) =>
        Change(
            new WriteContext(Actor.Restore.Stored),
            new WorkspaceReference(workspaceId),
            (_, _) => Task.FromResult<WorkspaceCommand>(new RaiseGeneration(seen, time.GetUtcNow())),
            ct
        );

    /// <summary>
    /// Stores reports of one session, many workspaces in one transaction. If that fails, they are stored one by one, so
    /// that a problem with one workspace affects no other.
    /// </summary>
    /// <returns>
    /// The reports that are not stored, and why; null if the session no longer owns the provider.
    /// </returns>
    public async Task<UnstoredReports?> Observe(
        SessionFence fence,
        IReadOnlyDictionary<string, ObserveWorkspace> reports,
        CancellationToken ct
    )
    {
        var unstored = new UnstoredReports([], []);
        try
        {
            return await ObserveOnce(fence, reports, unstored, ct) ? unstored : null;
        }
        catch (Exception e) when (IsOfOne(e))
        {
            // A concurrent command, another batch that locks the same streams in another order, or an invalid report.
        }

        foreach (var (id, report) in reports)
        {
            try
            {
                var alone = new Dictionary<string, ObserveWorkspace> { [id] = report };
                if (!await Retry.ExecuteAsync(async token => await ObserveOnce(fence, alone, unstored, token), ct))
                    return null;
            }
            catch (Exception e) when (IsOfOne(e))
            {
                unstored.Failed.Add(id, e);
            }
        }

        return unstored;
    }

    private static bool IsOfOne(Exception e) => !StoreFailure.IsUnavailable(e) && e is not OperationCanceledException;

    private async Task<bool> ObserveOnce(
        SessionFence fence,
        IReadOnlyDictionary<string, ObserveWorkspace> reports,
        UnstoredReports unstored,
        CancellationToken ct
    )
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await using var session = sessions.Write(Actor.Agent(fence.ProviderId).Stored, transaction);
        var batch = session.CreateBatchQuery();
        var streams = reports
            .Select(r => (r.Value, Stream: batch.Events.FetchForWriting<Workspace>(StreamKeys.Workspace(r.Key))))
            .ToList();
        await batch.Execute(ct);
        // After the read. The row lock assigns the transaction id, by which the feed orders this transaction before all
        // later commits; it must not have read any of those.
        if (!await Holds(fence, connection, ct))
            return false;
        var contradicted = new List<string>();
        unstored.Early.Keys.Intersect(reports.Keys).ToList().ForEach(id => unstored.Early.Remove(id));
        foreach (var (report, fetched) in streams)
        {
            var stream = await fetched;
            var decision = WorkspaceDecider.Decide(stream.Aggregate, report);
            if (WorkspaceDecider.Wait(stream.Aggregate, decision, time.GetUtcNow()) is { Ticks: > 0 } wait)
                unstored.Early[stream.Aggregate!.WorkspaceId] = wait;
            else
                stream.AppendMany(decision.Events);
            if (WorkspaceDecider.Contradicts(stream.Aggregate, report))
                contradicted.Add(stream.Aggregate!.WorkspaceId);
        }

        await session.SaveChangesAsync(ct);
        await sessions.Commit(transaction, ct);
        contradicted.ForEach(id => agents.ReportContradicted(fence.ProviderId, id));
        return true;
    }

    /// <summary>
    /// Locks the presence until the end of the transaction: an attach waits, or has completed before.
    /// </summary>
    internal static async Task<bool> Holds(SessionFence fence, NpgsqlConnection connection, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(
            $"""
            select 1 from {Tables.Presences}
            where id = $1 and (data ->> 'Epoch')::bigint = $2 and data ->> 'OwnerId' = $3
              and not (data ->> 'Ended')::boolean
            for share
            """,
            connection
        );
        command.Parameters.AddWithValue(StreamKeys.Presence(fence.ProviderId));
        command.Parameters.AddWithValue(fence.Epoch);
        command.Parameters.AddWithValue(fence.OwnerId);
        return await command.ExecuteScalarAsync(ct) is not null;
    }

    private Task<Result<WriteResult>> Change(
        WriteContext context,
        WorkspaceReference reference,
        Func<WriteSession, Workspace, Task<WorkspaceCommand>> command,
        CancellationToken ct
    ) =>
        writer.Run(
            context,
            async token =>
            {
                var found = await view.Find(reference, context.Actor, token);
                if (found.Error is { } error)
                    return error;
                return new UnitOfWork([], (session, cancel) => Once(session, reference, found.Value, command, cancel));
            },
            ct
        );

    private async Task<Outcome> Once(
        WriteSession session,
        WorkspaceReference reference,
        Workspace found,
        Func<WriteSession, Workspace, Task<WorkspaceCommand>> command,
        CancellationToken ct
    )
    {
        var stream = await session.Documents.Events.FetchForWriting<Workspace>(found.Id, ct);
        // A name means the current workspace of that name, and this one has just ended.
        if (stream.Aggregate is { Finished: true } && reference.Workspace != found.WorkspaceId)
            return new Outcome.Conflict();
        var decision = WorkspaceDecider.Decide(stream.Aggregate, await command(session, stream.Aggregate!));
        if (decision.Error is { } error)
            return error;
        stream.AppendMany(decision.Events);
        return new Outcome.Done(found.WorkspaceId)
        {
            Committed =
                decision.Events.Count == 0
                    ? null
                    : () => agents.DesiredStateChanged(found.ProviderId, found.WorkspaceId),
            Unchanged = decision.Events.Count == 0,
        };
    }
}
