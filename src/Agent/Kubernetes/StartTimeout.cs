using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Shared;
using Coder.Mesh.V1;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>
/// Fails a workspace that has not come to run within the timeout though no object reports a failure, and says what is
/// known of it: a pure function.
/// </summary>
internal static class StartTimeout
{
    /// <returns>The same assessment, unless it waits and has no time limit of its own.</returns>
    public static Assessment Of(Assessment assessed, WorkspaceObjects objects, EvaluationContext context)
    {
        if (assessed is not { State: WorkspaceState.Starting, Timed: false })
            return assessed;
        var code = assessed.Code.Length > 0 ? assessed.Code : ClusterCodes.StartTimeout;
        var timed = (
            assessed with
            {
                Since = Since(objects, context),
                Message = Join(assessed.Message, Known(objects)),
            }
        ).FailAfterTimeout(context, code);
        return timed.State == WorkspaceState.Failed
            ? timed with
            {
                Subject = null,
            }
            : assessed with
            {
                Deadline = Earliest.Of(assessed.Deadline, timed.Deadline),
            };
    }

    /// <summary>
    /// The latest progress that is known, by the cluster's own times, which outlive a restart of the agent.
    /// </summary>
    private static DateTimeOffset? Since(WorkspaceObjects objects, EvaluationContext context)
    {
        if (objects.Deployment is not { } deployment)
            return context.StartingSince;
        var available = ObservedStates.Condition(deployment.Status?.Conditions, "Available");
        return objects
            .Pods.Where(p => !p.Metadata.Deleting)
            .SelectMany(p => Progress(p, objects.Events))
            .Append(deployment.Metadata.ManagedFields?.AppliedAt ?? context.StartingSince)
            .Append(available is { Status: "False" } ? available.LastTransitionTime : null)
            .Max();
    }

    private static IEnumerable<DateTimeOffset?> Progress(PodObject pod, IEnumerable<SeenEvent> events) =>
        [
            pod.Metadata.CreationTimestamp,
            .. (pod.Status?.Conditions ?? []).Select(c => c.LastTransitionTime),
            .. (pod.Status?.InitContainerStatuses ?? []).Select(c => c.State?.Running?.StartedAt),
            .. (pod.Status?.ContainerStatuses ?? []).Select(c => c.State?.Running?.StartedAt),
            .. events
                .Where(e => e.Uid == pod.Metadata.Uid)
                .Where(e => e.Stage is TimelineStage.ImagePulling or TimelineStage.ImagePulled)
                .Select(e => (DateTimeOffset?)e.Last),
        ];

    private static string Known(WorkspaceObjects objects)
    {
        if (objects.Deployment is not { } deployment)
            return "There is no Deployment.";
        if (!ObservedStates.Current(deployment))
            return $"The cluster's controllers have not acted on the Deployment {deployment.Metadata.Name}.";
        if (deployment.Spec?.Paused == true)
            return $"The Deployment {deployment.Metadata.Name} is paused.";
        return ObservedStates.CurrentPods(objects).FirstOrDefault() is { } pod ? Known(pod) : NoPod(deployment);
    }

    private static string NoPod(DeploymentObject deployment) =>
        ObservedStates.Condition(deployment.Status?.Conditions, "Progressing") is { Status: "False" } stalled
            ? $"No pod was created: {ObservedStates.Text(stalled.Reason, stalled.Message)}"
            : "No pod was created.";

    private static string Known(PodObject pod)
    {
        var name = $"Pod {pod.Metadata.Name}";
        if (pod.Spec?.NodeName is { Length: > 0 } node)
            return pod.Status?.ContainerStatuses is { Count: > 0 } containers
                ? $"{name} on node {node} is not ready{Waiting(containers)}."
                : $"{name} is on node {node}, which has reported nothing about its containers.";
        return ObservedStates.Condition(pod.Status?.Conditions, "PodScheduled") is { } scheduled
            ? $"{name} has no node: {ObservedStates.Text(scheduled.Reason, scheduled.Message)}"
            : $"{name} has no node, and no scheduler has reported on it (scheduler \"{pod.Spec?.SchedulerName}\").";
    }

    private static string Waiting(IEnumerable<PodObject.ContainerStatus> containers) =>
        containers.Select(c => c.State?.Waiting?.Reason).FirstOrDefault(r => r is not null) is { } reason
            ? $": {reason}"
            : "";

    private static string Join(string words, string known) =>
        words.Length == 0 ? known
        : words.EndsWith('.') ? $"{words} {known}"
        : $"{words}. {known}";
}
