using System.Diagnostics;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.ControlPlane.Edge;
using Coder.Mesh.ControlPlane.Replicas;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Options;

namespace Coder.Mesh.ControlPlane.Agents;

/// <summary>
/// Moves agents to other replicas before the server stops. If there are others, agents are asked to reconnect one after
/// the other, and leave when their new stream is up; otherwise they receive the status of a restart. Streams end before
/// the server closes connections, so that agents receive the final status.
/// </summary>
internal sealed class StreamDrain(
    AgentSessions sessions,
    OpenStreams streams,
    ReplicaLease lease,
    IOptions<AgentStreamOptions> options,
    IHostApplicationLifetime lifetime,
    ILogger<StreamDrain> logger
) : IHostedLifecycleService, IDisposable
{
    /// <summary>Maximum wait for an agent that does not read.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(3);

    /// <summary>Rate of reconnects that does not disturb the other replicas.</summary>
    private const int AttachesPerSecond = 200;

    /// <summary>
    /// Time for an agent to reconnect more than once, in case it reaches this replica again or fails.
    /// </summary>
    private static readonly TimeSpan TimeToMove = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(50);

    private readonly CancellationTokenSource _closing = new();

    /// <summary>Whether new streams are refused because the replica stops.</summary>
    public bool Refuses => lifetime.ApplicationStopping.IsCancellationRequested;

    /// <summary>Cancelled when the remaining sessions have to end.</summary>
    public CancellationToken Closing => _closing.Token;

    /// <summary>
    /// Moves the agents to other replicas, if there are any, in bounded time. Runs before anything else stops.
    /// </summary>
    public async Task HandOver(CancellationToken ct)
    {
        lifetime.StopApplication();
        var all = sessions.All;
        if (all.Count == 0 || lease.Others == 0 || options.Value.DrainTime == TimeSpan.Zero)
            return;
        var within = TimeSpan.FromSeconds((double)all.Count / AttachesPerSecond);
        if (within > options.Value.DrainTime)
            within = options.Value.DrainTime;
        logger.HandingOver(all.Count, lease.Others, within.TotalSeconds);
        var drain = new ConnectResponse { Drain = new Drain { Within = Duration.FromTimeSpan(within) } };
        foreach (var session in all)
            session.Send(drain);
        var started = Stopwatch.GetTimestamp();
        while (sessions.Count > 0 && Stopwatch.GetElapsedTime(started) < within + TimeToMove)
            await Task.Delay(Pace, ct);
        logger.HandedOver(all.Count - sessions.Count, sessions.Count, Stopwatch.GetElapsedTime(started).TotalSeconds);
    }

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        lifetime.StopApplication();
        await _closing.CancelAsync();
        // The last statuses of the hand-over have to be read too.
        await streams.WaitForEnds(Limit, cancellationToken);
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _closing.Dispose();
}
