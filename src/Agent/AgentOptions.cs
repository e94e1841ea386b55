using System.Net;
using Coder.Mesh.Agent.Configuration;
using Coder.Mesh.Agent.Simulated;

namespace Coder.Mesh.Agent;

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
