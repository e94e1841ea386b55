using System.Collections.Immutable;
using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.Protocol;
using Coder.Mesh.Shared;
using Coder.Mesh.V1;
using Google.Protobuf.WellKnownTypes;

namespace Coder.Mesh.Agent.Reconcile;

/// <summary>
/// The agent's report about its cluster, folded from probes. Pure functions. The cluster is unreachable after three
/// consecutive failed probes, or when none has succeeded for 15 s.
/// </summary>
internal sealed record Readiness
{
    private const int MaxConditions = 64;
    private const int FailuresUntilFalse = 3;
    private static readonly TimeSpan TimeUntilFalse = TimeSpan.FromSeconds(15);

    private readonly int _failures;
    private readonly DateTimeOffset? _failingSince;

    private Readiness(ImmutableArray<Condition> conditions) => Conditions = conditions;

    /// <summary>The conditions as last decided.</summary>
    public ImmutableArray<Condition> Conditions { get; private init; }

    /// <summary>The last UID that the cluster reported; empty if it never has.</summary>
    public string NamespaceUid { get; private init; } = "";

    public ClusterFacts Facts { get; private init; } = new();

    /// <summary>Whether a probe has succeeded, or it was decided that none does.</summary>
    public bool Decided { get; private init; }

    /// <summary>The readiness before the first probe.</summary>
    public static Readiness Unknown(ClusterFacts facts, DateTimeOffset now) =>
        new([
            .. ConditionTypes.Required.Select(type => new Condition
            {
                Type = type,
                Status = ConditionStatus.Unknown,
                Code = ClusterCodes.ClusterNotProbed,
                Message = "The cluster has not answered yet.",
                SinceTime = now.ToTimestamp(),
            }),
        ])
        {
            Facts = facts,
        };

    public static bool IsReachable(ClusterProbe probe) =>
        probe.Conditions.Any(c => c is { Type: ConditionTypes.ClusterReachable, Status: ConditionStatus.True });

    public Readiness Probed(ClusterProbe probe, DateTimeOffset now)
    {
        if (IsReachable(probe))
            return Decide(probe, now, failures: 0, failingSince: null);

        var (failures, since) = (_failures + 1, _failingSince ?? now);
        return failures >= FailuresUntilFalse || now - since >= TimeUntilFalse
            ? Decide(probe, now, failures, since)
            : new Readiness(this, failures, since);
    }

    public ReadinessReport ToReport() => new() { Conditions = { Conditions.Select(c => c.Clone()) } };

    private Readiness(Readiness original, int failures, DateTimeOffset? failingSince)
        : this(original)
    {
        _failures = failures;
        _failingSince = failingSince;
    }

    private Readiness Decide(ClusterProbe probe, DateTimeOffset now, int failures, DateTimeOffset? failingSince) =>
        new(this, failures, failingSince)
        {
            Decided = true,
            NamespaceUid = probe.NamespaceUid.Length > 0 ? probe.NamespaceUid : NamespaceUid,
            Facts = probe.NamespaceUid.Length > 0 ? probe.Facts : Facts,
            Conditions = [.. probe.Conditions.Take(MaxConditions).Select(c => Carry(c, now))],
        };

    /// <summary>Keeps the time of a condition while its status is unchanged.</summary>
    private Condition Carry(ProbedCondition probed, DateTimeOffset now)
    {
        var before = Conditions.FirstOrDefault(c => c.Type == probed.Type && c.Status == probed.Status);
        return new Condition
        {
            Type = CleanText.Clean(probed.Type),
            Status = probed.Status,
            Code = CleanText.Clean(probed.Code),
            Message = CleanText.Clean(probed.Message),
            SinceTime = before?.SinceTime ?? now.ToTimestamp(),
        };
    }

    public bool Equals(Readiness? other) =>
        other is not null
        && NamespaceUid == other.NamespaceUid
        && Facts.Equals(other.Facts)
        && Conditions.SequenceEqual(other.Conditions);

    public override int GetHashCode() => HashCode.Combine(NamespaceUid, Conditions.Length);
}
