using Coder.Mesh.ControlPlane.Refusals;
using Coder.Mesh.ControlPlane.Replicas;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.Protocol;
using JasperFx;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Workspaces;

/// <summary>Loads, decides, appends: the only code that writes a workspace's stream.</summary>
internal sealed class WorkspaceCommands(StoreSessions sessions, NpgsqlDataSource database, Doorbell doorbell)
{
    private const int Attempts = 5;

    public async Task<Result<Workspace>> Create(string actor, CreateWorkspace command, CancellationToken ct)
    {
        await using var session = sessions.Write(actor);
        var key = StreamKeys.Workspace(command.WorkspaceId);
        var decision = WorkspaceDecider.Decide(null, command);
        session.Events.StartStream<Workspace>(key, decision.Events);
        try
        {
            await session.SaveChangesAsync(ct);
        }
        catch (Exception e) when (StoreFailure.UniqueIndex(e) == MartenRegistration.WorkspaceNameIndex)
        {
            return new Refusal(
                RefusalKind.AlreadyExists,
                ErrorReasons.WorkspaceExists,
                $"You already have a workspace named \"{command.Name}\" in this organization."
            );
        }

        doorbell.Workspace(command.ProviderId, command.WorkspaceId);
        return After(null, key, decision.Events);
    }

    /// <summary>Start, stop or delete.</summary>
    public Task<Result<Workspace>> Wish(string actor, string workspaceId, WishWorkspace wish, CancellationToken ct) =>
        Handle(actor, workspaceId, wish, ct);

    public Task<Result<Workspace>> RaiseGeneration(string workspaceId, long seen, CancellationToken ct) =>
        Handle("restore", workspaceId, new RaiseGeneration(seen), ct);

    /// <summary>
    /// Stores reports of one session, many workspaces in one transaction; one that fails as a whole is stored one by one.
    /// </summary>
    /// <returns>False if the session is no longer the provider's; then nothing is stored.</returns>
    public async Task<bool> Observe(
        SessionFence fence,
        IReadOnlyDictionary<string, ObserveWorkspace> reports,
        CancellationToken ct
    )
    {
        try
        {
            return await ObserveOnce(fence, reports, ct);
        }
        catch (ConcurrencyException)
        {
            foreach (var report in reports)
            {
                if (!await ObserveAlone(fence, report, ct))
                    return false;
            }

            return true;
        }
    }

    private async Task<bool> ObserveAlone(
        SessionFence fence,
        KeyValuePair<string, ObserveWorkspace> report,
        CancellationToken ct
    )
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await ObserveOnce(fence, new Dictionary<string, ObserveWorkspace>([report]), ct);
            }
            catch (ConcurrencyException) when (attempt < Attempts)
            {
                // A command got there first: decide again from what it left.
            }
        }
    }

    private async Task<bool> ObserveOnce(
        SessionFence fence,
        IReadOnlyDictionary<string, ObserveWorkspace> reports,
        CancellationToken ct
    )
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        if (!await Holds(fence, connection, ct))
            return false;
        await using var session = sessions.Write($"agent:{fence.ProviderId}", transaction);
        var batch = session.CreateBatchQuery();
        var streams = reports
            .Select(r => (r.Value, Stream: batch.Events.FetchForWriting<Workspace>(StreamKeys.Workspace(r.Key))))
            .ToList();
        await batch.Execute(ct);
        foreach (var (report, fetched) in streams)
        {
            var stream = await fetched;
            stream.AppendMany(WorkspaceDecider.Decide(stream.Aggregate, report).Events);
        }

        await session.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        return true;
    }

    /// <summary>Keeps the presence as it is until the transaction ends: an attach waits, or has already won.</summary>
    private static async Task<bool> Holds(SessionFence fence, NpgsqlConnection connection, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(
            """
            select 1 from mesh.mt_doc_providerpresence
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

    private async Task<Result<Workspace>> Handle(
        string actor,
        string workspaceId,
        WorkspaceCommand command,
        CancellationToken ct
    )
    {
        var key = StreamKeys.Workspace(workspaceId);
        for (var attempt = 1; ; attempt++)
        {
            await using var session = sessions.Write(actor);
            var stream = await session.Events.FetchForWriting<Workspace>(key, ct);
            var decision = WorkspaceDecider.Decide(stream.Aggregate, command);
            if (decision.Refusal is { } refusal)
                return refusal;
            if (decision.Events.Count == 0)
                return stream.Aggregate!;
            stream.AppendMany(decision.Events);
            try
            {
                await session.SaveChangesAsync(ct);
            }
            catch (ConcurrencyException) when (attempt < Attempts)
            {
                // Another writer got there first: decide again from what it left.
                continue;
            }

            var after = After(stream.Aggregate, key, decision.Events);
            doorbell.Workspace(after.ProviderId, workspaceId);
            return after;
        }
    }

    private static Workspace After(Workspace? before, string key, IReadOnlyList<WorkspaceEvent> events)
    {
        var after = events.Aggregate(before, (state, change) => Workspace.Fold(state, key, change))!;
        after.Version = (before?.Version ?? 0) + events.Count;
        return after;
    }
}
