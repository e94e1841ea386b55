using Coder.Mesh.Agent.V1;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Identity;
using Coder.Mesh.ControlPlane.Presence;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.Protocol;
using Microsoft.Extensions.Options;

namespace Coder.Mesh.ControlPlane.Agents;

/// <summary>
/// Attaches agents. Concurrent attaches are stored in batches, so that many agents that reconnect at once need few
/// transactions. Agents that would wait too long are refused with a retry delay.
/// </summary>
internal sealed class AgentAdmission : IDisposable
{
    /// <summary>Well below the time that an agent waits for its Welcome, 15 s.</summary>
    private static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(6);

    /// <summary>One batch reads while the other writes.</summary>
    private const int Workers = 2;

    private const int ConcurrentRefusals = 4;

    private readonly PresenceStore _presences;
    private readonly ProviderNames _names;
    private readonly TimeProvider _time;
    private readonly Batcher<Attaching, Result<AttachedSession>> _attaches;
    private readonly SemaphoreSlim _refusals = new(ConcurrentRefusals);

    public AgentAdmission(
        PresenceStore presences,
        ProviderNames names,
        PresenceHost owners,
        StoreHealth health,
        IOptions<AgentStreamOptions> options,
        TimeProvider time
    )
    {
        (_presences, _names, _time) = (presences, names, time);
        _attaches = new Batcher<Attaching, Result<AttachedSession>>(
            new BatchLimits(
                Math.Max(1, options.Value.ConcurrentAttaches / Workers),
                Workers,
                options.Value.MaxSessions,
                MaxWait
            ),
            presences.Attach,
            TooManyAtOnce,
            health,
            time,
            key: a => a.ProviderId,
            unclaimed: session => Abandon(owners, session)
        );
    }

    /// <summary>Number of agents that wait to be attached.</summary>
    public int Waiting => _attaches.Waiting;

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
        var turn = await _attaches.Run(attaching, ct);
        if (turn.Error is { } refused)
            return refused;
        return turn.Value.Error is { } error ? await Refused(attaching, error, ct) : turn.Value;
    }

    /// <summary>
    /// Stores with the provider why its agent was refused before its Hello was accepted. Left out while many agents
    /// attach, so that it does not add to the load.
    /// </summary>
    public async Task Note(string providerId, Error error, CancellationToken ct)
    {
        if (Waiting > 0 || !await _refusals.WaitAsync(TimeSpan.Zero, ct))
            return;
        try
        {
            await _presences.Refuse(providerId, error, offered: null, ct);
        }
        catch (Exception e) when (StoreFailure.IsUnavailable(e))
        {
            // The agent receives the error all the same.
        }
        finally
        {
            _refusals.Release();
        }
    }

    public void Dispose() => _refusals.Dispose();

    /// <summary>Detaches a session that was stored after its agent had left.</summary>
    private static async Task Abandon(PresenceHost owners, Result<AttachedSession> session)
    {
        if (session.Error is null)
            await owners
                .Start(session.Value)
                .Detached(
                    SessionEnd.ConnectionLost.Tag(),
                    new StatusFact.Detached(SessionEnd.ConnectionLost.Grace()!.Value),
                    CancellationToken.None
                );
    }

    private async Task<Error> Refused(Attaching attaching, Error error, CancellationToken ct)
    {
        // A provider whose agent never attached is not known by name yet.
        var name = await _names.Find(attaching.ProviderId, ct);
        var advice = Admission.Advice(error, name, attaching.Agent);
        var told = error with { Message = $"{error.Message} {advice}".TrimEnd() };
        var offer = Admission.OfferOf(error, attaching.Agent, _time.GetUtcNow());
        await _refusals.WaitAsync(ct);
        try
        {
            await _presences.Refuse(attaching.ProviderId, told, offer, ct);
        }
        finally
        {
            _refusals.Release();
        }

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

    public static Error TooManyAtOnce(TimeSpan delay) =>
        new(
            ErrorKind.ResourceExhausted,
            ErrorReasons.AttachBacklog,
            $"More agents attach than this replica can take at once; dial again in {delay.TotalSeconds:0.#} seconds."
        )
        {
            RetryDelay = delay,
        };
}
