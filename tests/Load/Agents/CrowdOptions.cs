using Coder.Mesh.Agent.V1;

namespace Coder.Mesh.Load.Agents;

/// <summary>What a crowd of simulated agents does.</summary>
internal sealed record CrowdOptions
{
    public required Uri Target { get; init; }
    public required TimeSpan Heartbeat { get; init; }

    /// <summary>The measured window.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>Between the last attach and the window.</summary>
    public required TimeSpan Settle { get; init; }

    /// <summary>Dials per second.</summary>
    public required int Ramp { get; init; }

    /// <summary>From an agent's dial to its Welcome.</summary>
    public TimeSpan AttachLimit { get; init; } = Limits.Attach;

    /// <summary>The required condition that each agent reports as false; null when all is well.</summary>
    public string? Failing { get; init; }

    /// <summary>What an agent says to a frame; null says nothing. Without it agents only keep up.</summary>
    public Func<ConnectResponse, ConnectRequest?>? Answer { get; init; }

    /// <summary>A tool that makes load must not be pointed at somebody else's server by mistake.</summary>
    public static Uri LoopbackTarget(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var target) || target.Scheme != Uri.UriSchemeHttp)
            throw new LoadException(
                $"--target: '{text}' is no plain-text address; write one such as http://127.0.0.1:8081."
            );
        if (!target.IsLoopback)
            throw new LoadException(
                $"--target: '{target.Host}' isn't this machine; only loopback addresses are loaded, such as http://127.0.0.1:8081."
            );
        return target;
    }
}
