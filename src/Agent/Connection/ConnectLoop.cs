using System.Diagnostics;
using Coder.Mesh.Agent.Base;
using Coder.Mesh.Agent.Observability;
using Coder.Mesh.Agent.Reconcile;
using Grpc.Core;

namespace Coder.Mesh.Agent.Connection;

/// <summary>Keeps the agent attached: dials, runs the stream, and dials again however it ended.</summary>
internal sealed class ConnectLoop(
    ConnectionOptions options,
    Dialer dialer,
    Reconciler reconciler,
    ClusterStatus cluster,
    ServerClock clock,
    AgentStatus status,
    AgentMetrics metrics,
    Jitter jitter,
    TimeProvider time,
    ILogger<ConnectLoop> logger
) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        Activity.Current = null;
        var state = ConnectState.Start;
        while (!stoppingToken.IsCancellationRequested)
        {
            var end = await Attempt(stoppingToken);
            metrics.DialEnded(end.Outcome.Tag());
            while (end.Next is { } next)
            {
                using (next)
                    end = await RunStream(next, stoppingToken);
                metrics.DialEnded(end.Outcome.Tag());
            }

            status.Detached(end);
            if (end.Outcome == AttemptOutcome.Stopped)
                return;

            state = state.After(end);
            var delay = state.Delay(jitter.Next());
            Tell(state, end, delay);
            try
            {
                await Task.Delay(delay, time, stoppingToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private async Task<AttemptEnd> Attempt(CancellationToken stopping)
    {
        Dialed dialed;
        try
        {
            logger.Dialing(options.AccessUrl);
            dialed = await dialer.Dial(stopping);
        }
        catch (Exception) when (stopping.IsCancellationRequested)
        {
            return AttemptEnd.Stop();
        }
        catch (RpcException e)
        {
            return Endings.From(e);
        }
        catch (TokenUnusableException e)
        {
            return new AttemptEnd(AttemptOutcome.Lost, "token_unusable", e.Message);
        }
        catch (HandshakeException e)
        {
            return new AttemptEnd(AttemptOutcome.Lost, "handshake_failed", e.Message);
        }
        catch (Exception e)
        {
            // Whatever it was, an agent that no longer dials would need a human; the next attempt has another chance.
            logger.DialFault(e);
            return AttemptEnd.Fault(e);
        }

        using (dialed)
            return await RunStream(dialed, stopping);
    }

    private async Task<AttemptEnd> RunStream(Dialed dialed, CancellationToken stopping)
    {
        var attachedAt = time.GetTimestamp();
        var welcome = dialed.Welcome;
        metrics.Attached();
        logger.Attached(welcome.ProviderName, welcome.ProviderId, welcome.Epoch, options.AccessUrl);
        status.Welcomed();
        try
        {
            using var stream = new AgentStream(
                dialed,
                dialer,
                reconciler,
                cluster,
                clock,
                status,
                metrics,
                jitter,
                time,
                logger
            );
            var end = await stream.Run(stopping);
            return end with { Attached = time.GetElapsedTime(attachedAt), Synced = stream.Synced };
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            logger.DialFault(e);
            return AttemptEnd.Fault(e);
        }
        finally
        {
            metrics.Detached();
        }
    }

    private void Tell(ConnectState state, AttemptEnd end, TimeSpan delay)
    {
        var seconds = delay.TotalSeconds;
        switch (end.Outcome)
        {
            case AttemptOutcome.Refused:
                logger.Refused(end.Reason, end.Message, seconds);
                break;
            case AttemptOutcome.Renewed:
                logger.Renewing(end.Message);
                break;
            // One broken connection is everyday; the same once more deserves attention.
            case AttemptOutcome.Lost or AttemptOutcome.Silent when state.Failures > 1 || end.Attached is null:
                logger.NotConnected(end.Reason, end.Message, state.Failures, seconds);
                break;
            default:
                logger.Disconnected(end.Reason, end.Message, seconds);
                break;
        }
    }
}
