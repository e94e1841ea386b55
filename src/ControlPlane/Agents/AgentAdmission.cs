using Coder.Mesh.Agent.V1;
using Coder.Mesh.ControlPlane.Presence;
using Coder.Mesh.ControlPlane.Refusals;
using Microsoft.Extensions.Options;

namespace Coder.Mesh.ControlPlane.Agents;

/// <summary>Gives agents their epochs, a few at a time: a crowd that comes back at once waits here, not at the store.</summary>
internal sealed class AgentAdmission(
    PresenceStore presences,
    AgentStreamMetrics metrics,
    IOptions<AgentStreamOptions> options,
    ILogger<AgentAdmission> logger
) : IDisposable
{
    private readonly SemaphoreSlim _places = new(options.Value.ConcurrentAttaches);

    public async Task<Result<AttachedSession>> Admit(
        Hello hello,
        string providerId,
        TimeSpan heartbeatInterval,
        CancellationToken ct
    )
    {
        var attaching = Map(hello, providerId, heartbeatInterval);
        await _places.WaitAsync(ct);
        try
        {
            var attached = await presences.Attach(attaching, ct);
            if (attached.Refusal is { } refusal)
                await Refused(providerId, refusal, ct);
            return attached;
        }
        finally
        {
            _places.Release();
        }
    }

    public void Dispose() => _places.Dispose();

    private async Task Refused(string providerId, Refusal refusal, CancellationToken ct)
    {
        metrics.Refused(refusal.Reason);
        logger.AgentRefused(providerId, refusal.Reason, refusal.Message);
        if (Admission.StatusCodeOf(refusal) is { } code)
            await presences.Refuse(providerId, code, refusal.Message, ct);
    }

    private static Attaching Map(Hello hello, string providerId, TimeSpan heartbeatInterval)
    {
        try
        {
            return hello.ToAttaching(providerId, heartbeatInterval);
        }
        catch (ProtocolException e)
        {
            throw e.ToRefusal().ToRpcException();
        }
    }
}
