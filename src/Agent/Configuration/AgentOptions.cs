using System.Net;

namespace Coder.Mesh.Agent.Configuration;

internal enum ClusterKind
{
    Kubernetes,
    Simulated,
}

internal enum LogFormat
{
    Text,
    Json,
}

/// <summary>Everything an operator decides about an agent. Made by <see cref="OptionsReader"/>, which checks it.</summary>
internal sealed record AgentOptions
{
    /// <summary>Where the control plane is.</summary>
    public required Uri AccessUrl { get; init; }

    /// <summary>The file that holds the provider's token; read again at each dial. Null when the token is given itself.</summary>
    public string? TokenFile { get; init; }

    /// <summary>The token itself, from the environment. <see cref="TokenFile"/> wins.</summary>
    public Secret? Token { get; init; }

    public ClusterKind Cluster { get; init; } = ClusterKind.Kubernetes;

    /// <summary>The namespace to work in; null for the one that the cluster's configuration names.</summary>
    public string? Namespace { get; init; }

    /// <summary>A kubeconfig file; null for the service account of the pod.</summary>
    public string? Kubeconfig { get; init; }

    /// <summary>The heartbeat interval that the agent wishes for; the control plane may shorten it.</summary>
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often the cluster is looked at.</summary>
    public TimeSpan ProbeInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a workspace may wait for what the cluster may still come to do, before it is failed.</summary>
    public TimeSpan PendingTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Where health is served. Port 0 takes a free one.</summary>
    public IPEndPoint HealthAddress { get; init; } = new(IPAddress.Loopback, 8086);

    public LogLevel LogLevel { get; init; } = LogLevel.Information;

    public LogFormat LogFormat { get; init; } = LogFormat.Text;

    public SimulatedOptions Simulated { get; init; } = new();
}

/// <summary>How the simulated cluster behaves.</summary>
internal sealed record SimulatedOptions
{
    /// <summary>A file that keeps the simulated namespace's UID from one start to the next; null for a new one each time.</summary>
    public string? StateFile { get; init; }

    /// <summary>What the delays are drawn from.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>The longest time that a step (starting, stopping, deleting) takes; the shortest is a fifth of it.</summary>
    public TimeSpan Delay { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>How many workspaces can run at once; null for any number.</summary>
    public int? Capacity { get; init; }

    /// <summary>By which rules starts fail.</summary>
    public IReadOnlyList<Simulated.FailureRule> Failures { get; init; } = [];

    /// <summary>How long each kind of step takes where the script says; else <see cref="Delay"/>.</summary>
    public Simulated.StepDelays Delays { get; init; } = new();

    /// <summary>By which rules the API doesn't do what is asked.</summary>
    public IReadOnlyList<Simulated.ApiRule> Api { get; init; } = [];

    /// <summary>By which rules conditions are false.</summary>
    public IReadOnlyList<Simulated.ConditionRule> Conditions { get; init; } = [];
}

/// <summary>A value that no log, error or string interpolation shows.</summary>
internal sealed class Secret(string value)
{
    public string Reveal() => value;

    public override string ToString() => "(secret)";
}
