using System.Collections.Immutable;
using Coder.Mesh.ControlPlane.Storage;

namespace Coder.Mesh.ControlPlane.Providers;

public enum ProviderStatus
{
    Pending,
    Ready,
    Error,
}

public enum ConditionStatus
{
    True,
    False,
    Unknown,
}

/// <summary>One line of an agent's readiness report.</summary>
public sealed record Condition(
    string Type,
    ConditionStatus Status,
    string Code = "",
    string Message = "",
    DateTimeOffset? Since = null
);

/// <summary>The agent's description of itself in its Hello.</summary>
public sealed record AgentIdentity(
    string InstanceId,
    string AgentVersion,
    string NamespaceUid,
    string Namespace,
    string KubernetesVersion,
    string Driver
)
{
    /// <summary>The address that the agent dialled.</summary>
    public string AccessUrl { get; init; } = "";
}

public abstract record PresenceEvent;

[EventName("presence.started.v1")]
public sealed record PresenceStarted(string ProviderId, DateTimeOffset At) : PresenceEvent;

/// <param name="Epoch">Fencing number of the session: one more than the last.</param>
/// <param name="OwnerId">Random for each session. With the epoch, it identifies the only writer of this stream.</param>
/// <param name="ReplicaId">The replica that holds the session.</param>
/// <param name="TokenId">The token that the agent attached with.</param>
[EventName("presence.agent_connected.v1")]
public sealed record AgentConnected(
    long Epoch,
    string OwnerId,
    string ReplicaId,
    AgentIdentity Agent,
    string TokenId,
    DateTimeOffset At
) : PresenceEvent;

[EventName("presence.agent_disconnected.v1")]
public sealed record AgentDisconnected(long Epoch, string Reason, DateTimeOffset At) : PresenceEvent;

/// <summary>
/// The replica of the last owner has left, or was suspended so long that another one decided in its place. Later events
/// of that owner are refused.
/// </summary>
[EventName("presence.owner_dismissed.v1")]
public sealed record OwnerDismissed(long Epoch, DateTimeOffset At) : PresenceEvent
{
    /// <summary>When the replica was last known to be active; null if unknown, as in events of 0.1.0.</summary>
    public DateTimeOffset? LastSeenAt { get; init; }
}

[EventName("presence.conditions_reported.v1")]
public sealed record ConditionsReported(long Epoch, ImmutableArray<Condition> Conditions) : PresenceEvent;

[EventName("presence.status_changed.v1")]
public sealed record StatusChanged(long Epoch, ProviderStatus Status, string Code, string Message, DateTimeOffset At)
    : PresenceEvent;

/// <summary>
/// An agent with a token of the provider was refused. Stored once for each reason until an agent has attached.
/// </summary>
/// <param name="Code">The status code of the reason; null if the agent may be accepted a moment later.</param>
/// <param name="Decides">
/// Whether it sets the provider to Error. This ends the ownership of the last session: later events of its owner are
/// refused.
/// </param>
[EventName("presence.agent_refused.v1")]
public sealed record AgentRefused(string Reason, string? Code, string Message, bool Decides, DateTimeOffset At)
    : PresenceEvent;

/// <summary>An agent of another cluster or namespace was refused; an admin may accept its cluster.</summary>
[EventName("presence.cluster_offered.v1")]
public sealed record ClusterOffered(string NamespaceUid, string Namespace, DateTimeOffset At) : PresenceEvent;

/// <summary>An admin has bound the provider to the offered cluster.</summary>
[EventName("presence.cluster_accepted.v1")]
public sealed record ClusterAccepted(string NamespaceUid, string Namespace, DateTimeOffset At) : PresenceEvent;

[EventName("presence.ended.v1")]
public sealed record PresenceEnded(DateTimeOffset At) : PresenceEvent;
