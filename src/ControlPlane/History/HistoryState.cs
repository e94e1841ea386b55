using System.Collections.Immutable;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.Protocol;

namespace Coder.Mesh.ControlPlane.History;

/// <summary>What a provider was before an event, as far as its history tells what changed; null where it isn't known.</summary>
internal sealed record HistoryState
{
    public static readonly HistoryState Unknown = new();

    /// <summary>Events that replace one another: the last of each set before a page is what the page begins from.</summary>
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
    /// Each agent finds out anew what advises only, such as how its clock goes: until it has, what was known before stays.
    /// </summary>
    private ImmutableArray<Condition> Known(ImmutableArray<Condition> reported)
    {
        var told = reported.RemoveAll(IsOpen);
        return [.. told, .. Conditions.Where(c => IsAdvisory(c) && told.All(t => t.Type != c.Type))];
    }

    /// <summary>Whether it advises only, and isn't known.</summary>
    public static bool IsOpen(Condition condition) =>
        IsAdvisory(condition) && condition.Status == ConditionStatus.Unknown;

    public static bool IsAdvisory(Condition condition) => ConditionTypes.Advisory.Contains(condition.Type);
}
