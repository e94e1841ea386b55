using System.Diagnostics;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.ControlPlane.Edge;
using Coder.Mesh.ControlPlane.Replicas;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Options;

namespace Coder.Mesh.ControlPlane.Agents;

/// <summary>
/// Hands agents over before the server stops: with another replica there they are asked to dial again, one after the other,
/// and move when their new stream is up; alone they are told that this one restarts. Either way streams end before the
/// server begins to close connections: otherwise a connection may be gone before its agent has heard why.
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
    /// <summary>An agent that doesn't read is not waited for any longer.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(3);

    /// <summary>What the others are asked to take on, so that they can go on with what they do.</summary>
    private const int AttachesPerSecond = 200;

    /// <summary>An agent whose dial lands here again, or fails, tries more than once.</summary>
    private static readonly TimeSpan TimeToMove = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(50);

    private readonly CancellationTokenSource _closing = new();

    /// <summary>New streams are refused: the replica stops.</summary>
    public bool Refuses => lifetime.ApplicationStopping.IsCancellationRequested;

    /// <summary>The sessions that are left have to end.</summary>
    public CancellationToken Closing => _closing.Token;

    /// <summary>Moves the agents to other replicas, if there are any, in bounded time. Nothing else stops before.</summary>
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
        // Those that the hand-over ended a moment ago have to be read too.
        await streams.WaitForEnds(Limit, cancellationToken);
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _closing.Dispose();
}
