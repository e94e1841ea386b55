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

/// <summary>All settings of an agent. Created and validated by <see cref="OptionsReader"/>.</summary>
internal sealed record AgentOptions
{
    /// <summary>Address of the control plane.</summary>
    public required Uri AccessUrl { get; init; }

    /// <summary>File with the provider's token, read at each dial. Null if the token is given directly.</summary>
    public string? TokenFile { get; init; }

    /// <summary>The token, from the environment. <see cref="TokenFile"/> takes precedence.</summary>
    public Secret? Token { get; init; }

    public ClusterKind Cluster { get; init; } = ClusterKind.Kubernetes;

    /// <summary>Namespace of the workspaces; null for the one that the cluster's configuration names.</summary>
    public string? Namespace { get; init; }

    /// <summary>Path of a kubeconfig file; null for the service account of the pod.</summary>
    public string? Kubeconfig { get; init; }

    /// <summary>The requested heartbeat interval; the control plane may shorten it.</summary>
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Interval of the readiness probes.</summary>
    public TimeSpan ProbeInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long a workspace may wait for something that the cluster may still do, before it is failed.
    /// </summary>
    public TimeSpan PendingTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Address of the health endpoints. Port 0 selects a free one.</summary>
    public IPEndPoint HealthAddress { get; init; } = new(IPAddress.Loopback, 8086);

    public LogLevel LogLevel { get; init; } = LogLevel.Information;

    public LogFormat LogFormat { get; init; } = LogFormat.Text;

    public SimulatedOptions Simulated { get; init; } = new();
}
