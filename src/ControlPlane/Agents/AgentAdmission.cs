using Coder.Mesh.Agent.V1;
using Coder.Mesh.ControlPlane.Identity;
using Coder.Mesh.ControlPlane.Presence;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Refusals;
using Microsoft.Extensions.Options;

namespace Coder.Mesh.ControlPlane.Agents;

/// <summary>Gives agents their epochs, a few at a time: a crowd that comes back at once waits here, not at the store.</summary>
internal sealed class AgentAdmission(
    PresenceStore presences,
    ProviderNames names,
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
        if (mapped.Refusal is { } broken)
            return broken;
        var attaching = mapped.Value;
        await _places.WaitAsync(ct);
        try
        {
            var attached = await presences.Attach(attaching, ct);
            if (attached.Refusal is { } refusal)
                await Refused(attaching, refusal, ct);
            return attached;
        }
        finally
        {
            _places.Release();
        }
    }

    public void Dispose() => _places.Dispose();

    private async Task Refused(Attaching attaching, Refusal refusal, CancellationToken ct)
    {
        // For the log: a provider whose agent never attached is not known by name yet.
        await names.Find(attaching.ProviderId, ct);
        if (Admission.StatusCodeOf(refusal) is not { } code)
            return;
        var offer = Admission.OfferOf(refusal, attaching.Agent, time.GetUtcNow());
        await presences.Refuse(attaching.ProviderId, code, refusal.Message, offer, ct);
    }

    private static Result<Attaching> Map(Hello hello, Caller agent, TimeSpan heartbeatInterval)
    {
        try
        {
            return hello.ToAttaching(agent, heartbeatInterval);
        }
        catch (ProtocolException e)
        {
            return e.ToRefusal();
        }
    }
}
