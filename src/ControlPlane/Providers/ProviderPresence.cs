using System.Collections.Immutable;

namespace Coder.Mesh.ControlPlane.Providers;

/// <summary>What is known of a provider's agent, and the status that follows from it.</summary>
public sealed record ProviderPresence(string Id, string ProviderId, DateTimeOffset StatusAt)
{
    private const int MaxUsedTokens = 8;

    /// <summary>Filled by the store: the version of the stream that this was folded from.</summary>
    public int Version { get; set; }

    public ProviderStatus Status { get; init; } = ProviderStatus.Pending;

    public string Code { get; init; } = "";

    public string Message { get; init; } = "";

    public ImmutableArray<Condition> Conditions { get; init; } = [];

    /// <summary>When the status went from Ready to Error, as far back as damping looks.</summary>
    public ImmutableArray<DateTimeOffset> RecentErrors { get; init; } = [];

    /// <summary>0 while no agent has ever attached.</summary>
    public long Epoch { get; init; }

    public string OwnerId { get; init; } = "";

    public string ReplicaId { get; init; } = "";

    public AgentIdentity? Agent { get; init; }

    /// <summary>Ids of the tokens that agents have attached with, latest last, as far back as two live tokens need.</summary>
    public ImmutableArray<string> UsedTokens { get; init; } = [];

    /// <summary>The cluster whose agent was refused last, until one is accepted.</summary>
    public ClusterOffered? Offered { get; init; }

    /// <summary>Why agents were refused since one last attached, each reason once.</summary>
    public ImmutableArray<AgentRefused> Refusals { get; init; } = [];

    /// <summary>Names cluster and namespace; the first agent that knew it bound it. Null until then, for the unique index.</summary>
    public string? NamespaceUid { get; init; }

    /// <summary>Its name; null where the presence was last changed by 0.1, which kept only what the last agent said.</summary>
    public string? Namespace { get; init; }

    /// <summary>The name of the namespace that holds the workspaces; empty if that isn't known.</summary>
    public string BoundNamespace() => Namespace ?? Agent?.Namespace ?? "";

    public bool Attached { get; init; }

    /// <summary>When the agent attached, or detached if it isn't attached.</summary>
    public DateTimeOffset? AgentSince { get; init; }

    /// <summary>The provider is deleted: nothing may be appended any more.</summary>
    public bool Ended { get; init; }

    public bool IsOwnedBy(long epoch, string ownerId) => !Ended && Epoch == epoch && OwnerId == ownerId;

    /// <summary>Whether a session that was not stored when it began may be stored now.</summary>
    public bool IsFreeFor(AgentConnected held) =>
        !Ended
        && Epoch == held.Epoch - 1
        && (NamespaceUid is null || held.Agent.NamespaceUid.Length == 0 || held.Agent.NamespaceUid == NamespaceUid);

    public static ProviderPresence? Fold(ProviderPresence? state, string key, PresenceEvent change) =>
        (state, change) switch
        {
            (null, PresenceStarted e) => new ProviderPresence(key, e.ProviderId, e.At),
            (null, _) => null,
            (_, AgentConnected e) => state.After(e),
            (_, AgentDisconnected e) => state with { Attached = false, AgentSince = e.At },
            (_, OwnerDismissed e) => state with
            {
                Attached = false,
                OwnerId = "",
                // Of an agent that was attached nobody has heard since; of another it is known when it left.
                AgentSince = state.Attached ? e.LastSeenAt ?? e.At : state.AgentSince,
            },
            (_, ConditionsReported e) => state with { Conditions = e.Conditions },
            (_, StatusChanged e) => state.After(e),
            (_, AgentRefused e) => state with
            {
                Refusals = [.. state.Refusals.RemoveAll(r => r.Reason == e.Reason), e],
                OwnerId = e.Decides ? "" : state.OwnerId,
            },
            (_, ClusterOffered e) => state with { Offered = e },
            (_, ClusterAccepted e) => state with
            {
                NamespaceUid = e.NamespaceUid,
                Namespace = e.Namespace,
                Offered = null,
                Refusals = [],
            },
            (_, PresenceEnded) => state with { Ended = true, Attached = false, NamespaceUid = null },
            _ => state,
        };

    private ProviderPresence After(AgentConnected e) =>
        this with
        {
            Epoch = e.Epoch,
            OwnerId = e.OwnerId,
            ReplicaId = e.ReplicaId,
            Agent = e.Agent,
            UsedTokens = [.. UsedTokens.Remove(e.TokenId).TakeLast(MaxUsedTokens - 1), e.TokenId],
            NamespaceUid = e.Agent.NamespaceUid.Length > 0 ? e.Agent.NamespaceUid : NamespaceUid,
            Namespace = e.Agent.NamespaceUid.Length > 0 ? e.Agent.Namespace : Namespace,
            Attached = true,
            AgentSince = e.At,
            Refusals = [],
        };

    private ProviderPresence After(StatusChanged e) =>
        this with
        {
            Status = e.Status,
            Code = e.Code,
            Message = e.Message,
            StatusAt = e.At,
            RecentErrors = StatusMachine.RememberError(RecentErrors, Status, e.Status, e.At),
        };
}
