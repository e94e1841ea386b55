using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.V1;

namespace Coder.Mesh.Agent.Simulated;

/// <summary>What happens to a workspace in a simulated cluster: a pure function.</summary>
internal static class SimulatedTimeline
{
    private const string Text = "Simulated.";

    // What each kind of failure still lets happen; the others end a start before anything does.
    private static readonly Dictionary<string, TimelineStage> Reached = new()
    {
        [ClusterCodes.ContainerFailed] = TimelineStage.ImagePulled,
        [ClusterCodes.CrashLoop] = TimelineStage.Started,
        [ClusterCodes.ImagePullFailed] = TimelineStage.ImagePulling,
        [ClusterCodes.OomKilled] = TimelineStage.Started,
    };

    /// <param name="volume">Names the volume: a workspace that was lost gets another one.</param>
    public static TimelineStep Bound(string volume, DateTimeOffset at) =>
        new($"{volume}/volume_bound", at, TimelineStage.VolumeBound, Message: Text);

    public static TimelineStep Stopped(ulong generation, DateTimeOffset at) =>
        new($"{generation}/stopped", at, TimelineStage.Stopped, Message: Text);

    public static TimelineStep Full(string pod, DateTimeOffset at, string message) =>
        new($"{pod}/capacity", at, TimelineStage.Waiting, ClusterCodes.Unschedulable, message);

    /// <summary>A start that works, spread evenly over the time that it took.</summary>
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

    /// <summary>A start that has come to wait for what a cluster may still do.</summary>
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
