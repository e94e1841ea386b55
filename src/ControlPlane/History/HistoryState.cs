using System.Collections.Immutable;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.Protocol;

namespace Coder.Mesh.ControlPlane.History;

/// <summary>
/// State of a provider before an event, as far as the history needs it to describe changes; null values are unknown.
/// </summary>
internal sealed record HistoryState
{
    public static readonly HistoryState Unknown = new();

    /// <summary>
    /// Sets of event types that replace one another. A page starts from the last event of each set before it.
    /// </summary>
    public static readonly IReadOnlyList<Type[]> ProviderKinds =
    [
        [typeof(ProviderRegistered), typeof(ProviderRenamed)],
        [typeof(ProviderRegistered), typeof(ProviderDetailsChanged)],
        [typeof(ProviderCordoned), typeof(ProviderUncordoned)],
    ];

    /// <inheritdoc cref="ProviderKinds"/>
    public static readonly IReadOnlyList<Type[]> PresenceKinds =
    [
        [typeof(StatusChanged)],
        [typeof(ConditionsReported)],
        [typeof(AgentConnected)],
        [typeof(AgentConnected), typeof(ClusterAccepted)],
    ];

    public string? Name { get; private init; }

    public ProviderDetails? Details { get; private init; }

    public string? CordonReason { get; private init; }

    /// <summary>Null while the provider is Pending.</summary>
    public StatusChanged? Status { get; private init; }

    public ImmutableArray<Condition> Conditions { get; private init; } = [];

    public string? AgentVersion { get; private init; }

    public (string Namespace, string Uid)? Cluster { get; private init; }

    public HistoryState After(object change) =>
        change switch
        {
            ProviderRegistered e => this with { Name = e.Name, Details = e.Details },
            ProviderRenamed e => this with { Name = e.Name },
            ProviderDetailsChanged e => this with { Details = e.Details },
            ProviderCordoned e => this with { CordonReason = e.Reason },
            ProviderUncordoned => this with { CordonReason = null },
            StatusChanged e => this with { Status = e },
            ConditionsReported e => this with { Conditions = Known(e.Conditions) },
            AgentConnected e => this with
            {
                AgentVersion = e.Agent.AgentVersion,
                Cluster = e.Agent.NamespaceUid.Length > 0 ? (e.Agent.Namespace, e.Agent.NamespaceUid) : Cluster,
            },
            ClusterAccepted e => this with { Cluster = (e.Namespace, e.NamespaceUid) },
            _ => this,
        };

    /// <summary>
    /// Keeps the last known status of advisory conditions, such as the clock skew: a new agent reports them as unknown
    /// at first.
    /// </summary>
    private ImmutableArray<Condition> Known(ImmutableArray<Condition> reported)
    {
        var told = reported.RemoveAll(IsOpen);
        return [.. told, .. Conditions.Where(c => IsAdvisory(c) && told.All(t => t.Type != c.Type))];
    }

    /// <summary>Whether the condition is advisory and unknown.</summary>
    public static bool IsOpen(Condition condition) =>
        IsAdvisory(condition) && condition.Status == ConditionStatus.Unknown;

    public static bool IsAdvisory(Condition condition) => ConditionTypes.Advisory.Contains(condition.Type);
}
