using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Protocol;
using Coder.Mesh.Shared;
using Coder.Mesh.V1;

namespace Coder.Mesh.Agent.Simulated;

/// <summary>Delays and failures of the API of a simulated cluster, by script and time.</summary>
internal sealed class StagedApi(SimulatedOptions options, TimeProvider time)
{
    public const string Slow = "slow";

    /// <summary>Code and message for callers by kind.</summary>
    public static IReadOnlyDictionary<string, (string Code, string Message)> Kinds { get; } =
        new Dictionary<string, (string, string)>
        {
            ["unreachable"] = (ClusterCodes.ClusterUnreachable, "the API server can't be reached."),
            ["throttled"] = (ClusterCodes.ClusterOverloaded, "the API server asks to come back later."),
            ["unavailable"] = (ClusterCodes.ClusterUnavailable, "the API server answered 503."),
            [Slow] = ("", ""),
        };

    private readonly long _begin = time.GetTimestamp();

    /// <summary>Time since the agent's start.</summary>
    public TimeSpan Age => time.GetElapsedTime(_begin);

    /// <summary>Completes a call, possibly delayed.</summary>
    /// <exception cref="ClusterException">The call fails by the script.</exception>
    public async Task Pass(CancellationToken ct)
    {
        var rules = options.Api.Where(r => StagedTime.Holds(r.From, r.Until, Age)).ToList();
        foreach (var rule in rules)
            if (rule.Delay is { } text && Durations.TryParse(text, out var delay))
                await Task.Delay(delay, time, ct);
        if (rules.Find(r => r.Kind != Slow) is { } failing)
            throw new ClusterException(Kinds[failing.Kind].Code, $"Simulated: {Kinds[failing.Kind].Message}", true);
    }

    public ProbedCondition Condition(string type)
    {
        if (
            type == ConditionTypes.ClusterReachable
            && options.Api.FirstOrDefault(r =>
                r.Kind is not (Slow or "throttled") && StagedTime.Holds(r.From, r.Until, Age)
            )
                is { } away
        )
            return False(type, ClusterCodes.ClusterUnreachable, Kinds[away.Kind].Message);
        return
            options.Conditions.FirstOrDefault(r => r.Type == type && StagedTime.Holds(r.From, r.Until, Age)) is { } rule
            ? False(type, rule.Code, rule.Message ?? "staged by the script.")
            : new ProbedCondition(type, ConditionStatus.True, Message: "The cluster is simulated.");
    }

    private static ProbedCondition False(string type, string code, string message) =>
        new(type, ConditionStatus.False, code, $"Simulated: {message}");
}
