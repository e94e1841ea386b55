using System.Collections.Immutable;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Identity;
using Coder.Mesh.ControlPlane.Presence;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.Protocol;
using Condition = Coder.Mesh.ControlPlane.Providers.Condition;
using ConditionStatus = Coder.Mesh.ControlPlane.Providers.ConditionStatus;

namespace Coder.Mesh.ControlPlane.Agents;

/// <summary>Maps the agent's description of itself. Strings are shortened before they are stored.</summary>
internal static class HelloMapping
{
    /// <summary>Maximum number of conditions in one report.</summary>
    public const int MaxConditions = 64;

    /// <summary>Number of heartbeats that may be missing.</summary>
    public const int MissedHeartbeats = 3;

    public static Attaching ToAttaching(this Hello hello, Caller agent, TimeSpan heartbeatInterval) =>
        new(
            agent.Subject,
            agent.TokenId,
            new AgentIdentity(
                hello.InstanceId,
                hello.AgentVersion,
                hello.NamespaceUid,
                hello.Cluster?.Namespace ?? "",
                hello.Cluster?.KubernetesVersion ?? "",
                hello.Cluster?.Driver ?? ""
            )
            {
                AccessUrl = hello.AccessUrl,
            },
            ProtocolVersion.Negotiate(hello.MinProtocolVersion, hello.MaxProtocolVersion),
            Conditions(hello.Readiness),
            MissedHeartbeats * heartbeatInterval
        );

    /// <summary>Returns the shorter of both requested intervals, but at least one second.</summary>
    /// <exception cref="ProtocolException">It is not a valid duration.</exception>
    public static TimeSpan HeartbeatInterval(this Hello hello, TimeSpan own)
    {
        if (hello.HeartbeatInterval is { } given && MessageRules.Violation(given) is { } rule)
            throw new ProtocolException($"hello.heartbeat_interval: {rule}");
        var wished = hello.HeartbeatInterval?.ToTimeSpan() ?? own;
        var interval = wished > TimeSpan.Zero && wished < own ? wished : own;
        return interval < TimeSpan.FromSeconds(1) ? TimeSpan.FromSeconds(1) : interval;
    }

    /// <exception cref="ProtocolException">There are too many, two of one type, or an invalid time.</exception>
    public static ImmutableArray<Condition> Conditions(ReadinessReport? report)
    {
        if (report is null)
            return [];
        if (report.Conditions.Count > MaxConditions)
            throw new ProtocolException(
                $"readiness.conditions: at most {MaxConditions}, got {report.Conditions.Count}"
            );
        ImmutableArray<Condition> conditions =
        [
            .. report.Conditions.Select(c => new Condition(
                c.Type,
                c.Status switch
                {
                    Coder.Mesh.V1.ConditionStatus.True => ConditionStatus.True,
                    Coder.Mesh.V1.ConditionStatus.False => ConditionStatus.False,
                    _ => ConditionStatus.Unknown,
                },
                c.Code,
                c.Message,
                SinceTime(c)
            )),
        ];
        return conditions.CountBy(c => c.Type).FirstOrDefault(t => t.Value > 1) is { Key: { } twice }
            ? throw new ProtocolException($"readiness.conditions: type {twice} occurs more than once")
            : conditions;
    }

    private static DateTimeOffset? SinceTime(Coder.Mesh.V1.Condition condition) =>
        condition.SinceTime is { } time && MessageRules.Violation(time) is { } rule
            ? throw new ProtocolException($"readiness.conditions.since_time: {rule}")
            : condition.SinceTime?.ToDateTimeOffset();
}
