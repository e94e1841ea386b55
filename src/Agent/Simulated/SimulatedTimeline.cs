using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.V1;

namespace Coder.Mesh.Agent.Simulated;

/// <summary>Timeline of a workspace in a simulated cluster. Pure functions.</summary>
internal static class SimulatedTimeline
{
    private const string Text = "Simulated.";

    // The last stage before each kind of failure; other kinds end a start before any stage.
    private static readonly Dictionary<string, TimelineStage> Reached = new()
    {
        [ClusterCodes.ContainerFailed] = TimelineStage.ImagePulled,
        [ClusterCodes.CrashLoop] = TimelineStage.Started,
        [ClusterCodes.ImagePullFailed] = TimelineStage.ImagePulling,
        [ClusterCodes.OomKilled] = TimelineStage.Started,
    };

    /// <param name="volume">Identifies the volume: a lost workspace gets another one.</param>
    public static TimelineStep Bound(string volume, DateTimeOffset at) =>
        new($"{volume}/volume_bound", at, TimelineStage.VolumeBound, Message: Text);

    public static TimelineStep Stopped(ulong generation, DateTimeOffset at) =>
        new($"{generation}/stopped", at, TimelineStage.Stopped, Message: Text);

    public static TimelineStep Full(string pod, DateTimeOffset at, string message) =>
        new($"{pod}/capacity", at, TimelineStage.Waiting, ClusterCodes.Unschedulable, message);

    /// <summary>Steps of a successful start, spread evenly over its duration.</summary>
    public static IEnumerable<TimelineStep> Started(string pod, DateTimeOffset begin, DateTimeOffset end) =>
        Until(TimelineStage.Ready, pod, begin, end);

    /// <inheritdoc cref="Started"/>
    public static IEnumerable<TimelineStep> Failed(
        string pod,
        DateTimeOffset begin,
        DateTimeOffset end,
        string code,
        string message
    )
    {
        return Before(pod, begin, end, code).Append(Ended(pod, end, code, message));
    }

    /// <summary>Steps of a start that waits for the cluster.</summary>
    public static IEnumerable<TimelineStep> Waiting(
        string pod,
        DateTimeOffset begin,
        DateTimeOffset at,
        string code,
        string message
    ) => Before(pod, begin, at, code).Append(new($"{pod}/{code}/waiting", at, TimelineStage.Waiting, code, message));

    public static TimelineStep Ended(string pod, DateTimeOffset at, string code, string message) =>
        new($"{pod}/{code}", at, TimelineStage.Failed, code, message);

    private static IEnumerable<TimelineStep> Before(
        string pod,
        DateTimeOffset begin,
        DateTimeOffset end,
        string code
    ) => Reached.TryGetValue(code, out var last) ? Until(last, pod, begin, end) : [];

    private static IEnumerable<TimelineStep> Until(
        TimelineStage last,
        string pod,
        DateTimeOffset begin,
        DateTimeOffset end
    )
    {
        var count = last - TimelineStage.Scheduled + 1;
        for (var i = 0; i < count; i++)
        {
            var stage = TimelineStage.Scheduled + i;
            yield return new($"{pod}/{stage}", begin + (end - begin) * (i + 1) / count, stage, Message: Text);
        }
    }
}
