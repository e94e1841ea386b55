using System.Collections.Immutable;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Storage;
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
    public static readonly IReadOnlyList<Type[]> PresenceKinds =
    [
        [typeof(StatusChanged)],
        [typeof(ConditionsReported)],
        [typeof(AgentConnected)],
        [typeof(AgentConnected), typeof(ClusterAccepted)],
    ];

    /// <summary>
    /// One set for each event type of a provider. Their last events suffice to fold what an event replaces, but not
    /// what events add to, which are its tokens.
    /// </summary>
    public static readonly IReadOnlyList<Type[]> ProviderKinds =
    [
        .. EventNames.All.Keys.Where(type => type.IsSubclassOf(typeof(ProviderEvent))).Select(type => new[] { type }),
    ];

    /// <summary>The provider without its tokens.</summary>
    public Provider? Provider { get; private init; }

    public string? Name => Provider?.Name;

    public ProviderDetails? Details => Provider?.Details;

    public string? CordonReason => Provider?.Cordon?.Reason;

    /// <summary>Null while the provider is Pending.</summary>
    public StatusChanged? Status { get; private init; }

    public ImmutableArray<Condition> Conditions { get; private init; } = [];

    public string? AgentVersion { get; private init; }

    public (string Namespace, string Uid)? Cluster { get; private init; }

    public HistoryState After(object change) =>
        change switch
        {
            ProviderEvent e => this with { Provider = Provider.Fold(Provider, "", e) },
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
