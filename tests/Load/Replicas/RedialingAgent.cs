using System.Collections.Concurrent;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.Load.Agents;
using Coder.Mesh.Protocol;

namespace Coder.Mesh.Load.Replicas;

/// <summary>An agent that dials again however its session ended, as the product's does.</summary>
internal sealed class RedialingAgent(
    AgentIdentity identity,
    CrowdOptions options,
    CrowdCounters counters,
    TimeProvider time,
    int seed
)
{
    private readonly Random _random = new(seed);
    private long _welcomedAt;

    /// <summary>When it was welcomed last, as a timestamp of the time provider; 0 if never.</summary>
    public long WelcomedAt => Volatile.Read(ref _welcomedAt);

    /// <summary>When each workspace was first sent to it.</summary>
    public ConcurrentDictionary<string, long> Desired { get; } = new(StringComparer.Ordinal);

    public async Task Run(CancellationToken stop)
    {
        var failures = 0;
        while (!stop.IsCancellationRequested)
        {
            var before = WelcomedAt;
            var agent = new SimulatedAgent(identity, options with { Answer = Hear }, counters, time);
            await agent.Run(_random.NextDouble(), stop);
            failures = WelcomedAt == before ? failures + 1 : 1;
            var (reason, asked) = agent.Refused;
            var delay = DialDelay.After(failures, reason, asked, _random.NextDouble());
            try
            {
                await Task.Delay(delay, time, stop);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private ConnectRequest? Hear(ConnectResponse frame)
    {
        if (frame.FrameCase == ConnectResponse.FrameOneofCase.Welcome)
            Volatile.Write(ref _welcomedAt, time.GetTimestamp());
        else if (frame.WorkspaceDesired is { } desired)
            Desired.TryAdd(desired.WorkspaceId, time.GetTimestamp());
        return null;
    }
}
