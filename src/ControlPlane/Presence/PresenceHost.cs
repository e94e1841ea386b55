using System.Threading.Channels;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Storage;

namespace Coder.Mesh.ControlPlane.Presence;

/// <summary>
/// Runs the owners of this replica's presences, which outlive their streams, and stops them with the replica.
/// </summary>
internal sealed class PresenceHost(
    PresenceStore store,
    StoreHealth health,
    PauseDetector pulse,
    ProviderNames names,
    TimeProvider time,
    ILogger<PresenceHost> logger
) : IHostedService, IDisposable
{
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Kept> _owners = [];
    private readonly CancellationTokenSource _stopping = new();

    private sealed record Kept(PresenceActor Owner, CancellationTokenSource Stop)
    {
        public Task Running { get; set; } = Task.CompletedTask;
    }

    /// <summary>Starts the owner of a new session; the owner of an older session of the same provider stops.</summary>
    public PresenceActor Start(AttachedSession attached)
    {
        var owner = new PresenceActor(attached, store, health, pulse, names, time, logger);
        var kept = new Kept(owner, CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token));
        Kept? older;
        lock (_lock)
        {
            // Attaches of one provider may complete out of order: the highest epoch wins.
            if (_owners.TryGetValue(owner.ProviderId, out older) && older.Owner.Epoch > owner.Epoch)
            {
                owner.GiveUp();
                return owner;
            }

            _owners[owner.ProviderId] = kept;
            kept.Running = Run(kept);
        }

        older?.Stop.Cancel();
        return owner;
    }

    /// <returns>
    /// This replica's presence actor for the provider, during a session or its grace period; null if there is none.
    /// </returns>
    public PresenceActor? Find(string providerId)
    {
        lock (_lock)
            return _owners.GetValueOrDefault(providerId)?.Owner;
    }

    /// <summary>Informs the owner that its provider has no token left.</summary>
    public static async Task TokensGone(PresenceActor owner, CancellationToken ct)
    {
        try
        {
            await owner.Post(new StatusFact.TokensGone(), ct);
        }
        catch (ChannelClosedException)
        {
            // The owner has finished, or another one has taken over.
        }
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        health.Back += WakeAll;
        return Task.CompletedTask;
    }

    /// <summary>
    /// Stops all owners without grace periods and without storing anything: the next owner or the reaper decides. Does
    /// not use the host's shutdown token, whose time may have been used up by a connection that is slow to close.
    /// </summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        health.Back -= WakeAll;
        await _stopping.CancelAsync();
        Task[] running;
        lock (_lock)
            running = [.. _owners.Values.Select(k => k.Running)];
        await Task.WhenAll(running).WaitAsync(StopLimit, time, CancellationToken.None);
    }

    public void Dispose() => _stopping.Dispose();

    private async Task Run(Kept kept)
    {
        // Releases the caller's lock before anything runs.
        await Task.Yield();
        try
        {
            await kept.Owner.Run(kept.Stop.Token);
        }
        catch (OperationCanceledException) when (kept.Stop.IsCancellationRequested)
        {
            // Superseded, or the replica stops.
        }
        catch (Exception e)
        {
            logger.OwnerFailed(e, names.Of(kept.Owner.ProviderId), kept.Owner.ProviderId);
        }
        finally
        {
            lock (_lock)
            {
                if (_owners.TryGetValue(kept.Owner.ProviderId, out var current) && current == kept)
                    _owners.Remove(kept.Owner.ProviderId);
            }

            kept.Owner.Dispose();
            kept.Stop.Dispose();
        }
    }

    private void WakeAll()
    {
        PresenceActor[] owners;
        lock (_lock)
            owners = [.. _owners.Values.Select(k => k.Owner)];
        foreach (var owner in owners)
            owner.Wake();
    }
}
