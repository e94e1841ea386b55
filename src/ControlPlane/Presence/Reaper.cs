using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Observability;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Replicas;
using Coder.Mesh.ControlPlane.Storage;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Presence;

/// <summary>
/// Sets deadlines for providers that are stored as Ready but whose session's replica has left. They get the startup
/// grace period, after which they are in Error unless an agent has attached. One replica at a time runs it.
/// </summary>
internal sealed class Reaper(
    NpgsqlDataSource database,
    PresenceStore store,
    ProviderNames names,
    ReplicaLease lease,
    TimeProvider time,
    ILogger<Reaper> logger
) : BackgroundService
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(2);
    private readonly AsyncAutoResetEvent _members = new();

    private volatile bool _sweeping;

    private sealed record Orphan(string ProviderId, long Epoch, string OwnerId);

    /// <summary>
    /// Reports a change of a provider without an owner on this replica, which may have ended its grace period.
    /// </summary>
    public void Request()
    {
        if (_sweeping)
            _members.Set();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        lease.MembersChanged += _members.Set;
        // Checks once at start: the lease may have found its members before this service listened.
        _members.Set();
        try
        {
            while (true)
            {
                await _members.Wait(stoppingToken);
                await SweepUntilDone(stoppingToken);
            }
        }
        catch (OperationCanceledException)
        {
            // Stopping: another replica will find that this one has left, and take over.
        }
        finally
        {
            lease.MembersChanged -= _members.Set;
        }
    }

    private async Task SweepUntilDone(CancellationToken ct)
    {
        while (true)
        {
            try
            {
                await Sweep(ct);
                return;
            }
            catch (Exception e) when (StoreFailure.IsUnavailable(e))
            {
                logger.SweepFailed(e.Message);
                await Task.Delay(Retry, time, ct);
            }
        }
    }

    private async Task Sweep(CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        // The lock of the election belongs to the connection, and is released with the connection or this process.
        if (!await TryLead(connection, ct))
            return;
        var graces = new Dictionary<Orphan, StatusState>();
        // Set before the check, so that a change during it causes another check.
        _sweeping = true;
        while (true)
        {
            await Check(connection, graces, ct);
            if (graces.Count == 0)
                break;
            var next = graces.Values.Min(StatusMachine.Deadline)!.Value - time.GetUtcNow();
            await _members.Wait(next, time, ct);
        }

        _sweeping = false;
        await Release(connection, ct);
    }

    private async Task Check(NpgsqlConnection connection, Dictionary<Orphan, StatusState> graces, CancellationToken ct)
    {
        var orphans = await Orphans(connection, ct);
        foreach (var found in graces.Keys.Except(orphans).ToList())
            graces.Remove(found);
        var now = time.GetUtcNow();
        var added = orphans.Where(o => !graces.ContainsKey(o)).ToList();
        foreach (var orphan in added)
            graces[orphan] = Begin(orphan, now);
        if (added.Count > 0)
            logger.SweepBegins(added.Count, StatusMachine.StartupGrace.TotalSeconds);
        var tokenless = await Tokenless(connection, [.. graces.Keys.Select(o => o.ProviderId)], ct);
        foreach (var (orphan, state) in graces.ToList())
        {
            StatusFact fact = tokenless.Contains(orphan.ProviderId)
                ? new StatusFact.TokensGone()
                : new StatusFact.TimePassed();
            var after = StatusMachine.Step(state, fact, now);
            if (after.Link != Link.None)
                continue;
            await Decide(connection, orphan, after, ct);
            graces.Remove(orphan);
        }
    }

    private static StatusState Begin(Orphan orphan, DateTimeOffset at) =>
        StatusMachine.Step(
            StatusState.From(new ProviderPresence("", orphan.ProviderId, at) { Status = ProviderStatus.Ready }),
            new StatusFact.OwnerLost(),
            at
        );

    private async Task Decide(NpgsqlConnection connection, Orphan orphan, StatusState state, CancellationToken ct)
    {
        PresenceEvent[] events =
        [
            new OwnerDismissed(orphan.Epoch, state.StatusAt) { LastSeenAt = await LastSeen(connection, orphan, ct) },
            state.ToEvent(orphan.Epoch),
        ];
        using var span = Tracing.StartWork("presence.sweep");
        if (await store.Append(orphan.ProviderId, orphan.Epoch, orphan.OwnerId, events, ct) is not null)
            logger.StatusChanged(
                await names.Find(orphan.ProviderId, ct),
                orphan.ProviderId,
                state.Status,
                state.Code,
                state.Message
            );
    }

    /// <summary>Returns when the replica of the session last renewed its row.</summary>
    private static async Task<DateTimeOffset?> LastSeen(
        NpgsqlConnection connection,
        Orphan orphan,
        CancellationToken ct
    )
    {
        await using var command = new NpgsqlCommand(
            $"""
            select r.renewed_at from {ReplicaLease.Table} r
            join {Tables.Presences} p on p.data ->> 'ReplicaId' = r.id where p.id = $1
            """,
            connection
        );
        command.Parameters.AddWithValue(StreamKeys.Presence(orphan.ProviderId));
        return await command.ExecuteScalarAsync(ct) is DateTime seen ? new DateTimeOffset(seen) : null;
    }

    /// <returns>Ids of providers without tokens, to which no agent can attach.</returns>
    private static async Task<HashSet<string>> Tokenless(
        NpgsqlConnection connection,
        string[] ids,
        CancellationToken ct
    )
    {
        await using var command = new NpgsqlCommand(
            $"""
            select data ->> 'ProviderId' from {Tables.Providers}
            where id = any($1) and coalesce(jsonb_array_length(data -> 'Tokens'), 0) = 0
            """,
            connection
        );
        command.Parameters.AddWithValue(ids.Select(StreamKeys.Provider).ToArray());
        var tokenless = new HashSet<string>();
        await using var rows = await command.ExecuteReaderAsync(ct);
        while (await rows.ReadAsync(ct))
            tokenless.Add(rows.GetString(0));
        return tokenless;
    }

    private static async Task<bool> TryLead(NpgsqlConnection connection, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(
            "select pg_try_advisory_lock(hashtextextended('mesh.sweeper', 0))",
            connection
        );
        return (bool)(await command.ExecuteScalarAsync(ct))!;
    }

    private static async Task Release(NpgsqlConnection connection, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(
            "select pg_advisory_unlock(hashtextextended('mesh.sweeper', 0))",
            connection
        );
        await command.ExecuteNonQueryAsync(ct);
    }

    private static async Task<List<Orphan>> Orphans(NpgsqlConnection connection, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(
            $"""
            select data ->> 'ProviderId', (data ->> 'Epoch')::bigint, data ->> 'OwnerId'
            from {Tables.Presences}
            where (data ->> 'Status' = 'Ready' or (data ->> 'Attached')::boolean) and not (data ->> 'Ended')::boolean
              and data ->> 'ReplicaId' not in (select id from {ReplicaLease.Table} where {ReplicaLease.Active})
            """,
            connection
        );
        var orphans = new List<Orphan>();
        await using var rows = await command.ExecuteReaderAsync(ct);
        while (await rows.ReadAsync(ct))
            orphans.Add(new Orphan(rows.GetString(0), rows.GetInt64(1), rows.GetString(2)));
        return orphans;
    }
}
