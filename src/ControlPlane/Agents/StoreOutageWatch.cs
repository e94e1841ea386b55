using Coder.Mesh.ControlPlane.Storage;
using Microsoft.Extensions.Options;

namespace Coder.Mesh.ControlPlane.Agents;

/// <summary>
/// Closes all sessions when the database has been unavailable for too long, so that agents look for a replica that
/// reaches it.
/// </summary>
internal sealed class StoreOutageWatch(
    StoreHealth health,
    AgentSessions sessions,
    IOptions<AgentStreamOptions> options,
    TimeProvider time,
    ILogger<StoreOutageWatch> logger
) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                if (
                    health.UnavailableSince is not { } since
                    || time.GetUtcNow() - since < options.Value.StoreOutageLimit
                )
                    continue;
                logger.SessionsClosed((time.GetUtcNow() - since).TotalMinutes);
                sessions.CloseAll(SessionEnd.StoreUnavailable);
            }
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }
}
