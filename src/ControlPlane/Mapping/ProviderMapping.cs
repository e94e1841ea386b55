using System.Globalization;
using Coder.Mesh.ControlPlane.Providers;
using Google.Protobuf.WellKnownTypes;
using Proto = Coder.Mesh.V1;

namespace Coder.Mesh.ControlPlane.Mapping;

/// <summary>Maps providers to and from the API.</summary>
internal static class ProviderMapping
{
    /// <summary>Maps the provider's own streams; <see cref="ProviderResponseMapper"/> adds the rest.</summary>
    public static Proto.Provider ToProto(ProviderOverview overview)
    {
        var (provider, presence) = overview;
        var use = TokenUse.Of(presence);
        return new Proto.Provider
        {
            Id = provider.ProviderId,
            Name = provider.Name,
            Kind = provider.Kind == ProviderKind.BuiltIn ? Proto.ProviderKind.BuiltIn : Proto.ProviderKind.Remote,
            Status = ToProto(presence.Status),
            StatusCode = presence.Code,
            StatusMessage = presence.Message,
            StatusTime = Timestamp.FromDateTimeOffset(presence.StatusAt),
            Conditions = { presence.Conditions.Select(ToProto) },
            Agent = ToAgent(presence),
            Details = ToProto(provider.Details),
            CreateTime = Timestamp.FromDateTimeOffset(provider.CreatedAt),
            DeleteTime = DeleteTime(provider, presence),
            Etag = provider.Version.ToString(CultureInfo.InvariantCulture),
            ResourceVersion = (ulong)(provider.Version + presence.Version),
            Cordon = provider.Cordon is { } cordon ? ToProto(cordon) : null,
            Tokens = { provider.Tokens.OrderBy(t => t.IssuedAt).Select(t => ToProto(t, use)) },
            OfferedCluster = presence.Offered is { } offered ? ToProto(offered) : null,
            AgentRefusals = { presence.Refusals.Select(ToProto) },
        };
    }

    private static Proto.ProviderStatus ToProto(ProviderStatus status) =>
        status switch
        {
            ProviderStatus.Pending => Proto.ProviderStatus.Pending,
            ProviderStatus.Ready => Proto.ProviderStatus.Ready,
            _ => Proto.ProviderStatus.Error,
        };

    // If a replica of 0.1 deleted the provider, the time is filled in at the next start.
    private static Timestamp? DeleteTime(Provider provider, ProviderPresence presence) =>
        provider.Deleted
            ? Timestamp.FromDateTimeOffset(provider.DeletedAt ?? presence.AgentSince ?? presence.StatusAt)
            : null;

    private static Proto.Cordon ToProto(Cordon cordon) =>
        new()
        {
            Reason = cordon.Reason,
            User = cordon.User,
            Time = Timestamp.FromDateTimeOffset(cordon.At),
        };

    private static Proto.ProviderToken ToProto(ProviderToken token, TokenUse use) =>
        new()
        {
            Id = token.TokenId,
            IssueTime = Timestamp.FromDateTimeOffset(token.IssuedAt),
            Used = use.Used.Contains(token.TokenId),
            InUse = use.Live.Contains(token.TokenId),
        };

    private static Proto.OfferedCluster ToProto(ClusterOffered offered) =>
        new()
        {
            Namespace = offered.Namespace,
            NamespaceUid = offered.NamespaceUid,
            Time = Timestamp.FromDateTimeOffset(offered.At),
        };

    private static Proto.AgentRefusal ToProto(AgentRefused refused) =>
        new()
        {
            Reason = refused.Reason,
            Message = refused.Message,
            Time = Timestamp.FromDateTimeOffset(refused.At),
        };

    /// <returns>Empty for "any".</returns>
    public static IReadOnlyCollection<ProviderStatus> FromProto(IEnumerable<Proto.ProviderStatus> statuses) =>
        [
            .. statuses
                .Where(s => s != Proto.ProviderStatus.Unspecified)
                .Select(s => System.Enum.Parse<ProviderStatus>(s.ToString()))
                .Distinct(),
        ];

    public static ProviderDetails FromProto(Proto.ProviderDetails? details)
    {
        if (details is null)
            return new ProviderDetails();
        var mapped = new ProviderDetails(MaxWorkspaces: details.MaxWorkspaces)
        {
            Workspaces = new WorkspaceDetails
            {
                Tolerations = DetailsMapping.FromProto(details.Tolerations),
                NodeSelector = DetailsMapping.FromProto(details.NodeSelector),
                Affinity = details.HasAffinity ? details.Affinity : null,
                ServiceAccountAnnotations = DetailsMapping.FromProto(details.ServiceAccountAnnotations),
                ImagePullSecrets = [.. details.ImagePullSecrets],
            },
        };
        return DetailFields.All.Aggregate(mapped, (now, field) => field.Set(now, field.GetProto(details)));
    }

    public static Proto.ProviderDetails ToProto(ProviderDetails details)
    {
        var workspaces = details.Workspaces;
        var mapped = new Proto.ProviderDetails
        {
            MaxWorkspaces = details.MaxWorkspaces,
            Tolerations = { workspaces.Tolerations.Select(DetailsMapping.ToProto) },
            NodeSelector = { workspaces.NodeSelector },
            ServiceAccountAnnotations = { workspaces.ServiceAccountAnnotations },
            ImagePullSecrets = { workspaces.ImagePullSecrets },
        };
        if (workspaces.Affinity is { } affinity)
            mapped.Affinity = affinity;
        foreach (var field in DetailFields.All)
            field.SetProto(mapped, field.Get(details));
        return mapped;
    }

    private static Proto.ProviderAgent? ToAgent(ProviderPresence presence) =>
        presence.Agent is not { } agent
            ? null
            : new Proto.ProviderAgent
            {
                Attached = presence.Attached,
                Epoch = (ulong)presence.Epoch,
                Version = agent.AgentVersion,
                Namespace = presence.NamespaceUid is null ? agent.Namespace : presence.BoundNamespace(),
                NamespaceUid = presence.NamespaceUid ?? "",
                KubernetesVersion = agent.KubernetesVersion,
                Driver = agent.Driver,
                AccessUrl = agent.AccessUrl,
                SinceTime = presence.AgentSince is { } since ? Timestamp.FromDateTimeOffset(since) : null,
            };

    private static Proto.Condition ToProto(Condition condition) =>
        new()
        {
            Type = condition.Type,
            Status = condition.Status switch
            {
                ConditionStatus.True => Proto.ConditionStatus.True,
                ConditionStatus.False => Proto.ConditionStatus.False,
                _ => Proto.ConditionStatus.Unknown,
            },
            Code = condition.Code,
            Message = condition.Message,
            SinceTime = condition.Since is { } since ? Timestamp.FromDateTimeOffset(since) : null,
        };
}
