using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.V1;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>What the timeline says of differences: that they were seen, and that an object has none any more. Pure.</summary>
internal static class DriftNotices
{
    /// <summary>What is seen when an agent starts may have been told before; what comes later happens anew each time.</summary>
    public static IEnumerable<TimelineStep> Of(
        TrackedWorkspace tracked,
        IReadOnlyCollection<Difference> drift,
        DateTimeOffset now
    )
    {
        // The cluster's own times are whole seconds: a fraction would put what came before after it.
        var seconds = now.ToUnixTimeSeconds();
        return drift
            .ExceptBy(tracked.Differences.Select(d => d.Id), d => d.Id)
            .Select(d => Notice(tracked.Published is null ? d.Id : $"{d.Id}/{seconds}", d.Message, seconds));
    }

    /// <summary>Objects that had differences and have none any more. Nothing is said of those that are not there.</summary>
    public static IEnumerable<TimelineStep> Repaired(
        TrackedWorkspace tracked,
        IReadOnlyCollection<Difference> drift,
        DateTimeOffset now
    )
    {
        var seconds = now.ToUnixTimeSeconds();
        return tracked
            .Differences.DistinctBy(d => d.Kind)
            .ExceptBy(drift.Select(d => d.Kind), d => d.Kind)
            .Where(d => tracked.Find(d.Kind) is not null)
            .Select(d =>
                Notice(
                    $"repaired/{d.Kind}/{seconds}",
                    $"The {ObjectDrift.NameOf(d.Kind)} is as desired again.",
                    seconds
                )
            );
    }

    private static TimelineStep Notice(string id, string message, long seconds) =>
        new(id, DateTimeOffset.FromUnixTimeSeconds(seconds), TimelineStage.Notice, Message: message);
}
