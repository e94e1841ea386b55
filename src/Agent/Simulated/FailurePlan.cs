using System.IO.Enumeration;
using Coder.Mesh.Agent.Clusters;

namespace Coder.Mesh.Agent.Simulated;

/// <summary>
/// Decides which workspaces fail, and how. Pure functions: the same seed and id give the same outcome in each run.
/// </summary>
internal static class FailurePlan
{
    /// <summary>The message of a cluster for each kind.</summary>
    public static IReadOnlyDictionary<string, string> Kinds { get; } =
        new Dictionary<string, string>
        {
            [ClusterCodes.ContainerFailed] = "Error: failed to create containerd task: exec: no such file or directory",
            [ClusterCodes.CrashLoop] = "back-off 10s restarting failed container",
            [ClusterCodes.ImagePullFailed] = "Back-off pulling image: not found",
            [ClusterCodes.OomKilled] = "the container ended with exit code 137 (OOMKilled)",
            [ClusterCodes.PodRefused] = "pods is forbidden: violates PodSecurity \"restricted:latest\"",
            [ClusterCodes.QuotaExceeded] = "pods is forbidden: exceeded quota",
            [ClusterCodes.Unschedulable] = "0/1 nodes are available: 1 Insufficient cpu.",
        };

    /// <summary>Whether a cluster waits for a while before it reports a failure of this kind.</summary>
    public static bool MayPass(string kind) =>
        kind is ClusterCodes.ImagePullFailed or ClusterCodes.QuotaExceeded or ClusterCodes.Unschedulable;

    /// <returns>The rule by which the start fails; null if it succeeds.</returns>
    public static FailureRule? Find(
        IReadOnlyList<FailureRule> rules,
        int seed,
        string id,
        string name,
        int startsBefore,
        int failedBefore,
        TimeSpan age
    )
    {
        for (var i = 0; i < rules.Count; i++)
            if (
                FileSystemName.MatchesSimpleExpression(rules[i].Name, name, ignoreCase: false)
                && StagedTime.Draw(seed, $"{i}", id) < rules[i].Share
                && startsBefore >= rules[i].After
                && StagedTime.Holds(rules[i].From, rules[i].Until, age)
            )
                return failedBefore < (rules[i].Times ?? int.MaxValue) ? rules[i] : null;
        return null;
    }
}
