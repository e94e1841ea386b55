using System.Collections.Immutable;

namespace Coder.Mesh.ControlPlane.Providers;

/// <summary>State of a provider's agent, and the status that follows from it.</summary>
public sealed record ProviderPresence(string Id, string ProviderId, DateTimeOffset StatusAt)
{
    private const int MaxUsedTokens = 8;

    /// <summary>Version of the stream that this state was folded from. Set by Marten.</summary>
    public int Version { get; set; }

    public ProviderStatus Status { get; init; } = ProviderStatus.Pending;

    public string Code { get; init; } = "";

    public string Message { get; init; } = "";

    public ImmutableArray<Condition> Conditions { get; init; } = [];

    /// <summary>Times of changes from Ready to Error, for damping.</summary>
    public ImmutableArray<DateTimeOffset> RecentErrors { get; init; } = [];

    /// <summary>0 if no agent has ever attached.</summary>
    public long Epoch { get; init; }

    public string OwnerId { get; init; } = "";

    public string ReplicaId { get; init; } = "";

    public AgentIdentity? Agent { get; init; }

    /// <summary>
    /// Ids of the tokens that agents have attached with, latest last, limited to what two valid tokens need.
    /// </summary>
    public ImmutableArray<string> UsedTokens { get; init; } = [];

    /// <summary>The cluster of the agent that was refused last, until one is accepted.</summary>
    public ClusterOffered? Offered { get; init; }

    /// <summary>Refusals since an agent last attached, one for each reason.</summary>
    public ImmutableArray<AgentRefused> Refusals { get; init; } = [];

    /// <summary>
    /// Identifies cluster and namespace. Set by the first agent that knew it; null until then, for the unique index.
    /// </summary>
    public string? NamespaceUid { get; init; }

    /// <summary>
    /// Name of the bound namespace; null if the presence was last changed by 0.1, which stored only what the last agent
    /// reported.
    /// </summary>
    public string? Namespace { get; init; }

    /// <summary>Name of the namespace that holds the workspaces; empty if unknown.</summary>
    public string BoundNamespace() => Namespace ?? Agent?.Namespace ?? "";

    public bool Attached { get; init; }

    /// <summary>When the agent attached or detached.</summary>
    public DateTimeOffset? AgentSince { get; init; }

    /// <summary>When the pace of attaches has room for a whole burst again.</summary>
    public DateTimeOffset AttachPaceFullAt { get; init; }

    /// <summary>Whether the provider is deleted; nothing may be appended any more.</summary>
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
                // For an attached agent it is the time of its last frame; for a detached one, the time of the
                // disconnect.
                AgentSince = state.Attached ? e.LastSeenAt ?? e.At : state.AgentSince,
            },
            (_, ConditionsReported e) => state with { Conditions = e.Conditions },
            (_, StatusChanged e) => state.After(e),
            (_, AgentRefused e) => state with
            {
                Refusals = [.. state.Refusals.RemoveAll(r => r.Reason == e.Reason), e],
                OwnerId = e.Decides ? "" : state.OwnerId,
            },
            (_, ClusterOffered e) => state with
            {
                Offered = e,
                AttachPaceFullAt = Admission.AttachPace.Stored(state.AttachPaceFullAt, e.At),
            },
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
            AttachPaceFullAt = Admission.AttachPace.Stored(AttachPaceFullAt, e.At),
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
