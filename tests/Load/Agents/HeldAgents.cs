namespace Coder.Mesh.Load.Agents;

/// <summary>Agents that stay attached, taking whatever they are sent, while something else is measured.</summary>
internal sealed class HeldAgents : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly CrowdCounters _counters = new();
    private readonly List<Task> _running = [];
    private readonly int _count;

    private HeldAgents(int count) => _count = count;

    public CrowdCounts Counts => _counters.Read();

    /// <exception cref="LoadException">One of them wasn't welcome.</exception>
    public static async Task<HeldAgents> Attach(
        IReadOnlyList<AgentIdentity> identities,
        Uri target,
        TimeProvider time,
        CancellationToken ct,
        Func<CrowdOptions, CrowdOptions>? change = null
    )
    {
        var options = new CrowdOptions
        {
            Target = target,
            Heartbeat = Limits.MaxHeartbeat,
            Duration = TimeSpan.Zero,
            Settle = TimeSpan.Zero,
            Ramp = 1,
        };
        options = change?.Invoke(options) ?? options;
        var held = new HeldAgents(identities.Count);
        try
        {
            var agents = identities.Select(i => new SimulatedAgent(i, options, held._counters, time)).ToList();
            held._running.AddRange(
                agents.Select((agent, i) => agent.Run(new Random(i).NextDouble(), held._stop.Token))
            );
            // Before that no provider is Ready.
            await Task.WhenAll(agents.Select(agent => agent.Answered)).WaitAsync(ct);
            held.RequireAttached();
            return held;
        }
        catch
        {
            await held.DisposeAsync();
            throw;
        }
    }

    /// <exception cref="LoadException">One of them is gone.</exception>
    public void RequireAttached()
    {
        var counts = Counts;
        if (counts.Attached != _count)
            throw new LoadException(
                $"{counts.Attached} of {_count} agents are attached; ended early: {string.Join(", ", counts.EndedEarly.Keys)}"
            );
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running);
        _stop.Dispose();
    }
}
