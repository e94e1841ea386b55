using System.Diagnostics;
using Coder.Mesh.Agent.Base;
using Coder.Mesh.Agent.Observability;
using Coder.Mesh.Agent.Reconcile;
using Grpc.Core;

namespace Coder.Mesh.Agent.Connection;

/// <summary>Keeps the agent attached: dials, runs the stream, and dials again after any end.</summary>
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
            metrics.DialEnded(end.Kind.Tag());
            while (end.Next is { } next)
            {
                using (next)
                    end = await RunStream(next, stoppingToken);
                metrics.DialEnded(end.Kind.Tag());
            }

            status.Detached(end);
            if (end.Kind == DisconnectKind.Stopped)
                return;

            state = state.After(end);
            var delay = state.Delay(jitter.Next());
            LogEnd(state, end, delay);
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

    private async Task<DisconnectReason> Attempt(CancellationToken stopping)
    {
        Dialed dialed;
        try
        {
            logger.Dialing(options.AccessUrl);
            dialed = await dialer.Dial(stopping);
        }
        catch (Exception) when (stopping.IsCancellationRequested)
        {
            return DisconnectReason.Stop();
        }
        catch (RpcException e)
        {
            return DisconnectReasons.From(e);
        }
        catch (TokenUnusableException e)
        {
            return new DisconnectReason(DisconnectKind.Lost, "token_unusable", e.Message);
        }
        catch (HandshakeException e)
        {
            return new DisconnectReason(DisconnectKind.Lost, "handshake_failed", e.Message);
        }
        catch (Exception e)
        {
            // An agent that stops dialling needs a human, so every failure is followed by another attempt.
            logger.DialFault(e);
            return DisconnectReason.Fault(e);
        }

        using (dialed)
            return await RunStream(dialed, stopping);
    }

    private async Task<DisconnectReason> RunStream(Dialed dialed, CancellationToken stopping)
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
            return DisconnectReason.Fault(e);
        }
        finally
        {
            metrics.Detached();
        }
    }

    private void LogEnd(ConnectState state, DisconnectReason end, TimeSpan delay)
    {
        var seconds = delay.TotalSeconds;
        switch (end.Kind)
        {
            case DisconnectKind.Refused:
                logger.Refused(end.Code, end.Message, seconds);
                break;
            case DisconnectKind.Renewed:
                logger.Renewing(end.Message);
                break;
            // One broken connection is normal; repeated ones deserve a warning.
            case DisconnectKind.Lost or DisconnectKind.Silent when state.Failures > 1 || end.Attached is null:
                logger.NotConnected(end.Code, end.Message, state.Failures, seconds);
                break;
            default:
                logger.Disconnected(end.Code, end.Message, seconds);
                break;
        }
    }
}
