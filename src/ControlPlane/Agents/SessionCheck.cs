using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Presence;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Storage;

namespace Coder.Mesh.ControlPlane.Agents;

/// <summary>
/// Closes sessions that are no longer valid in the database: superseded elsewhere, with a revoked token, or of a
/// deleted provider. Informs the owner of a provider's presence, which outlives the session, when no agent can return.
/// Checks the notified providers, and all of them after the database was unavailable.
/// </summary>
internal sealed class SessionCheck(
    StoreSessions store,
    AgentSessions sessions,
    PresenceHost keeper,
    Reaper sweeper,
    StoreHealth health,
    ProviderNames names,
    TimeProvider time,
    ILogger<SessionCheck> logger
) : BackgroundService
{
    private const int ChunkSize = 100;
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly HashSet<string> _due = [];
    private readonly AsyncAutoResetEvent _signal = new();

    /// <summary>Reports a change that a session of this provider may have to act on.</summary>
    /// <param name="presence">Whether the presence has changed.</param>
    public void Request(string providerId, bool presence = false)
    {
        if (sessions.Find(providerId) is null && keeper.Find(providerId) is null)
        {
            if (!presence)
                sweeper.Request();
            return;
        }

        lock (_lock)
            _due.Add(providerId);
        _signal.Set();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        health.Back += RequestAll;
        try
        {
            while (true)
            {
                await _signal.Wait(stoppingToken);
                while (Take() is { Length: > 0 } chunk)
                    await CheckOrKeep(chunk, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopping.
        }
        finally
        {
            health.Back -= RequestAll;
        }
    }

    private void RequestAll()
    {
        foreach (var session in sessions.All)
            Request(session.ProviderId);
    }

    private string[] Take()
    {
        lock (_lock)
        {
            string[] chunk = [.. _due.Take(ChunkSize)];
            _due.ExceptWith(chunk);
            return chunk;
        }
    }

    private async Task CheckOrKeep(string[] chunk, CancellationToken ct)
    {
        try
        {
            await Check(chunk, ct);
        }
        catch (Exception e) when (StoreFailure.IsUnavailable(e))
        {
            logger.SessionsNotChecked(chunk.Length, e.Message);
            lock (_lock)
                _due.UnionWith(chunk);
            await Task.Delay(RetryDelay, time, ct);
        }
    }

    private async Task Check(string[] providerIds, CancellationToken ct)
    {
        // Taken before the database is read, so that a session that attaches meanwhile is not checked against older
        // data.
        var held = providerIds
            .Select(sessions.Find)
            .OfType<AgentSession>()
            .Select(s => (Session: s, s.Owner.IsStored))
            .ToList();
        var owners = providerIds.Select(keeper.Find).OfType<PresenceActor>().ToList();
        await using var session = store.Read();
        var presences = (
            await session.LoadManyAsync<ProviderPresence>(ct, providerIds.Select(StreamKeys.Presence))
        ).ToDictionary(p => p.ProviderId);
        var providers = (
            await session.LoadManyAsync<Provider>(ct, providerIds.Select(StreamKeys.Provider))
        ).ToDictionary(p => p.ProviderId);
        foreach (var provider in providers.Values)
            names.Saw(provider);
        // Before its session is closed, since the reason of the end decides whether a grace period begins.
        foreach (var owner in owners)
        {
            if (providers.GetValueOrDefault(owner.ProviderId) is { Deleted: false, Tokens.Length: 0 })
                await PresenceHost.TokensGone(owner, ct);
        }

        foreach (var (one, stored) in held)
        {
            var presence = presences.GetValueOrDefault(one.ProviderId);
            if (EndOf(one, stored, presence, providers.GetValueOrDefault(one.ProviderId)) is { } end)
                one.Close(end);
        }
    }

    private static SessionEnd? EndOf(AgentSession session, bool stored, ProviderPresence? presence, Provider? provider)
    {
        if (provider is null or { Deleted: true } || presence is null or { Ended: true })
            return SessionEnd.ProviderDeleted;
        var owned = presence.IsOwnedBy(session.Fence.Epoch, session.Fence.OwnerId);
        if (!owned && (stored || presence.Epoch >= session.Epoch))
            return SessionEnd.Superseded;
        return provider.Tokens.All(t => t.TokenId != session.TokenId) ? SessionEnd.TokenRevoked : null;
    }
}
