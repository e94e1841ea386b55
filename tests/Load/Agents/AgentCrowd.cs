namespace Coder.Mesh.Load.Agents;

internal enum CrowdPhase
{
    /// <summary>Every agent is attached, or has failed to.</summary>
    Attached,
    WindowOpened,
    WindowClosed,
}

/// <summary>What a crowd reports at the turn of each phase.</summary>
/// <param name="Phase">The phase that begins.</param>
/// <param name="Seconds">Since the first dial.</param>
/// <param name="Counts">As of now.</param>
internal sealed record CrowdEvent(CrowdPhase Phase, double Seconds, CrowdCounts Counts);

/// <summary>Many simulated agents: dialled at a bounded rate, held for a bounded time.</summary>
internal sealed class AgentCrowd(IReadOnlyList<AgentIdentity> identities, CrowdOptions options, TimeProvider time)
{
    private const int TicksPerSecond = 20;

    private readonly CrowdCounters _counters = new();

    /// <summary>Runs to the end of the window, then lets all agents leave.</summary>
    public async Task Run(Func<CrowdEvent, Task> report, CancellationToken ct)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var started = time.GetTimestamp();
        var running = new List<Task>(identities.Count);
        try
        {
            await Dial(running, started, stop.Token);
            await Report(CrowdPhase.Attached);
            await Task.Delay(options.Settle, time, ct);
            await Report(CrowdPhase.WindowOpened);
            await Task.Delay(options.Duration, time, ct);
            await Report(CrowdPhase.WindowClosed);
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(running);
        }

        Task Report(CrowdPhase phase) =>
            report(new CrowdEvent(phase, time.GetElapsedTime(started).TotalSeconds, _counters.Read()));
    }

    // In small portions by elapsed time, so that the rate holds though a timer is late.
    private async Task Dial(List<Task> running, long started, CancellationToken ct)
    {
        var agents = new List<SimulatedAgent>(identities.Count);
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1) / TicksPerSecond, time);
        do
        {
            var due = Math.Min(
                identities.Count,
                Math.Ceiling(time.GetElapsedTime(started).TotalSeconds * options.Ramp)
            );
            while (agents.Count < due)
            {
                var agent = new SimulatedAgent(identities[agents.Count], options, _counters, time);
                // Seeded: every run beats in the same pattern.
                running.Add(agent.Run(new Random(agents.Count).NextDouble(), ct));
                agents.Add(agent);
            }
        } while (agents.Count < identities.Count && await timer.WaitForNextTickAsync(ct));
        await Task.WhenAll(agents.Select(agent => agent.Settled)).WaitAsync(ct);
    }
}
