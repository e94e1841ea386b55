using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.V1;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>
/// Timeline entries about differences: that they were seen, and that an object has none any more. Pure functions.
/// </summary>
internal static class DriftNotices
{
    /// <summary>
    /// Differences at the start of the agent may have been reported before; later ones are new each time.
    /// </summary>
    public static IEnumerable<TimelineStep> Of(
        TrackedWorkspace tracked,
        IReadOnlyCollection<Difference> drift,
        DateTimeOffset now
    )
    {
        // The cluster's times are whole seconds; a fraction would order earlier occurrences after this one.
        var seconds = now.ToUnixTimeSeconds();
        return drift
            .ExceptBy(tracked.Differences.Select(d => d.Id), d => d.Id)
            .Select(d => Notice(tracked.Published is null ? d.Id : $"{d.Id}/{seconds}", d.Message, seconds));
    }

    /// <summary>Reports objects that had differences and have none any more, but not those that do not exist.</summary>
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
