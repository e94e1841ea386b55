using System.Globalization;
using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.V1;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>Derives the timeline of a workspace from its objects. Pure function.</summary>
/// <remarks>
/// Ids consist of objects' UIDs and times that the cluster keeps, so that they are equal after a restart. Changing
/// their form would repeat all occurrences, and make every volume a new one.
/// </remarks>
internal static class BuildTimeline
{
    private const int MaxReasonLength = 40;

    /// <param name="generation">Generation of the objects.</param>
    /// <param name="context">Its time is used for what the cluster keeps no time of.</param>
    public static IEnumerable<TimelineStep> Of(WorkspaceObjects objects, ulong generation, EvaluationContext context)
    {
        // A volume without Deployment belongs to no generation.
        if (objects.Deployment is not { Spec: not null } deployment || generation == 0)
            return [];
        // The cluster's times are whole seconds; a fraction would order earlier occurrences after this one.
        var now = DateTimeOffset.FromUnixTimeSeconds(context.Now.ToUnixTimeSeconds());
        var assessed = ObservedStates.Evaluate(objects, context);
        if (deployment.Spec.Replicas == 0)
            return assessed.State == WorkspaceState.Stopped
                ? [new($"{generation}/stopped", now, TimelineStage.Stopped)]
                : [];
        return
        [
            .. Volume(objects, now),
            .. ObservedStates.Current(deployment) ? objects.Pods.Where(Ended).Select(pod => PodEnd(pod, now)) : [],
            .. ObservedStates.CurrentPods(objects).SelectMany(pod => Pod(pod, objects.Events, now)),
            .. Outcome(assessed, generation, now),
        ];
    }

    private static IEnumerable<TimelineStep> Outcome(Assessment assessed, ulong generation, DateTimeOffset now)
    {
        var id = $"{assessed.Subject ?? generation.ToString(CultureInfo.InvariantCulture)}/{assessed.ReasonId}";
        var at = assessed.Since ?? now;
        if (assessed.State == WorkspaceState.Failed)
            yield return new(id, at, TimelineStage.Failed, assessed.Code, assessed.Message);
        else if (assessed.State == WorkspaceState.Starting && assessed.ReasonId.Length > 0)
            yield return new(id, at, TimelineStage.Waiting, assessed.Code, assessed.Message);
    }

    private static IEnumerable<TimelineStep> Volume(WorkspaceObjects objects, DateTimeOffset now)
    {
        if (objects.Claim is not { Metadata: { Uid: not null, Deleting: false } metadata } claim)
            yield break;
        var subject = Subject(metadata);
        if (claim.Status?.Phase == "Bound")
            yield return new(
                $"{subject}/volume_bound",
                Earliest(now, objects.Pods),
                TimelineStage.VolumeBound,
                Message: VolumeText(claim.Spec?.VolumeName, claim.Spec?.Resources?.Requests?.Storage)
            );
        // A failure is part of the state that it leads to.
        foreach (var seen in EventsOf(metadata, objects.Events).Where(e => e.Stage != TimelineStage.Failed))
            yield return EventStep(subject, seen, now);
    }

    // The cluster keeps no time of a binding. It precedes the scheduling of any pod.
    private static DateTimeOffset Earliest(DateTimeOffset now, IEnumerable<PodObject> pods) =>
        pods.Select(p => Holding(p, "PodScheduled")?.LastTransitionTime ?? now).Append(now).Min();

    private static IEnumerable<TimelineStep> Pod(PodObject pod, IEnumerable<SeenEvent> events, DateTimeOffset now)
    {
        var subject = Subject(pod.Metadata);
        foreach (var seen in EventsOf(pod.Metadata, events))
            yield return EventStep(subject, seen, now);
        if (Holding(pod, "PodScheduled") is { } scheduled)
            yield return new(
                $"{subject}/scheduled",
                scheduled.LastTransitionTime ?? now,
                TimelineStage.Scheduled,
                Message: pod.Spec?.NodeName is { Length: > 0 } node ? $"on node {node}" : ""
            );

        var container = ObservedStates.Container(pod);
        if (container?.State?.Running is { } running)
            yield return new(
                $"{subject}/started{Moment(running.StartedAt)}",
                running.StartedAt ?? now,
                TimelineStage.Started
            );
        if (Holding(pod, "Ready") is { } ready)
            yield return new(
                $"{subject}/ready{Moment(ready.LastTransitionTime)}",
                ready.LastTransitionTime ?? now,
                TimelineStage.Ready
            );
        foreach (var end in Ends(container))
            yield return new(
                $"{subject}/ended{Moment(end.FinishedAt)}",
                end.FinishedAt ?? now,
                TimelineStage.Ended,
                end.Reason == ObservedStates.OutOfMemory ? ClusterCodes.OomKilled : "",
                ObservedStates.Text(end)
            );
    }

    /// <summary>
    /// Returns the terminations of a container that the cluster still shows: the one before its last start, and the
    /// current one.
    /// </summary>
    private static IEnumerable<PodObject.ContainerTerminated> Ends(PodObject.ContainerStatus? container) =>
        new[]
        {
            container?.LastState?.Terminated,
            container?.State?.Terminated,
        }.OfType<PodObject.ContainerTerminated>();

    private static bool Ended(PodObject pod) => pod is { Status.Phase: "Failed", Metadata.Deleting: false };

    private static TimelineStep PodEnd(PodObject pod, DateTimeOffset now) =>
        new(
            $"{Subject(pod.Metadata)}/pod_ended",
            ObservedStates.Condition(pod.Status?.Conditions, "Ready")?.LastTransitionTime ?? now,
            TimelineStage.Ended,
            pod.Status!.Reason == ObservedStates.Evicted ? ClusterCodes.Evicted : "",
            ObservedStates.Text(pod.Status.Reason, pod.Status.Message)
        );

    private static TimelineStep EventStep(string subject, SeenEvent seen, DateTimeOffset now) =>
        new(
            $"{subject}/{Short(seen.Reason)}",
            seen.First == default ? now : seen.First,
            seen.Stage,
            Message: seen.Stage == TimelineStage.Notice ? ObservedStates.Text(seen.Reason, seen.Message) : seen.Message
        );

    private static IEnumerable<SeenEvent> EventsOf(ObjectMeta metadata, IEnumerable<SeenEvent> events) =>
        events.Where(e => e.Uid == metadata.Uid);

    private static ObjectCondition? Holding(PodObject pod, string type) =>
        ObservedStates.Condition(pod.Status?.Conditions, type) is { Status: "True" } condition ? condition : null;

    private static string Subject(ObjectMeta metadata) => ObservedStates.Subject(metadata);

    private static string Moment(DateTimeOffset? at) =>
        at is { } known ? $"/{known.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture)}" : "";

    // Any controller chooses the reason; ids contain only short and plain ones.
    private static string Short(string reason) =>
        reason.Length <= MaxReasonLength && reason.All(char.IsAsciiLetterOrDigit)
            ? reason
            : string.Concat(reason.Where(char.IsAsciiLetterOrDigit).Take(MaxReasonLength));

    private static string VolumeText(string? volume, string? size) =>
        string.Join(", ", new[] { volume, size }.Where(w => !string.IsNullOrEmpty(w)));
}
