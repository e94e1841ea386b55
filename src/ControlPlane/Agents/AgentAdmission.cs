using Coder.Mesh.Agent.V1;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Identity;
using Coder.Mesh.ControlPlane.Presence;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Storage;
using Microsoft.Extensions.Options;

namespace Coder.Mesh.ControlPlane.Agents;

/// <summary>Gives agents their epochs, a few at a time: a crowd that comes back at once waits here, not at the store.</summary>
internal sealed class AgentAdmission(
    PresenceStore presences,
    ProviderNames names,
    StoreHealth health,
    IOptions<AgentStreamOptions> options,
    TimeProvider time
) : IDisposable
{
    private readonly SemaphoreSlim _places = new(options.Value.ConcurrentAttaches);

    public async Task<Result<AttachedSession>> Admit(
        Hello hello,
        Caller agent,
        TimeSpan heartbeatInterval,
        CancellationToken ct
    )
    {
        var mapped = Map(hello, agent, heartbeatInterval);
        if (mapped.Error is { } broken)
        {
            await Note(agent.Subject, broken, ct);
            return broken;
        }

        var attaching = mapped.Value;
        if (!await Turn(ct))
            return StoreFailure.Away;
        try
        {
            var attached = await presences.Attach(attaching, ct);
            return attached.Error is { } error ? await Refused(attaching, error, ct) : attached;
        }
        finally
        {
            _places.Release();
        }
    }

    /// <summary>
    /// Keeps, with the provider, why its agent was not let in before it was known what it is. Left out while many attach: an
    /// overload must not be made worse by notes of it.
    /// </summary>
    public async Task Note(string providerId, Error error, CancellationToken ct)
    {
        if (!await _places.WaitAsync(TimeSpan.Zero, ct))
            return;
        try
        {
            await presences.Refuse(providerId, error, offered: null, ct);
        }
        catch (Exception e) when (StoreFailure.IsAway(e))
        {
            // The agent is told all the same.
        }
        finally
        {
            _places.Release();
        }
    }

    public void Dispose() => _places.Dispose();

    /// <returns>False if the store can't be reached, so that nobody is done with it soon.</returns>
    private async Task<bool> Turn(CancellationToken ct)
    {
        if (await _places.WaitAsync(TimeSpan.Zero, ct))
            return true;
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, health.Unreachable);
        try
        {
            await _places.WaitAsync(either.Token);
            return true;
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return false;
        }
    }

    private async Task<Error> Refused(Attaching attaching, Error error, CancellationToken ct)
    {
        // A provider whose agent never attached is not known by name yet.
        var name = await names.Find(attaching.ProviderId, ct);
        var advice = Admission.Advice(error, name, attaching.Agent);
        var told = error with { Message = $"{error.Message} {advice}".TrimEnd() };
        var offer = Admission.OfferOf(error, attaching.Agent, time.GetUtcNow());
        await presences.Refuse(attaching.ProviderId, told, offer, ct);
        return told;
    }

    private static Result<Attaching> Map(Hello hello, Caller agent, TimeSpan heartbeatInterval)
    {
        try
        {
            return hello.ToAttaching(agent, heartbeatInterval);
        }
        catch (ProtocolException e)
        {
            return e.ToError();
        }
    }
}
