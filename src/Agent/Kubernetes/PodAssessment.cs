using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.V1;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>Determines why a pod does not become ready, in the cluster's words. Pure functions.</summary>
/// <remarks>
/// Webhooks may add containers to pods: a problem of any container keeps the workspace from running, and is reported
/// with its name.
/// </remarks>
internal static class PodAssessment
{
    // The kubelet retries, and may succeed.
    private static readonly HashSet<string> ImageWaits =
    [
        "ErrImagePull",
        "ImageInspectError",
        "ImagePullBackOff",
        "RegistryUnavailable",
    ];

    // The kubelet retries without success, unless the workspace or the node changes.
    private static readonly HashSet<string> ImageFailures = ["ErrImageNeverPull", "InvalidImageName"];

    private static readonly HashSet<string> ContainerFailures =
    [
        "CreateContainerConfigError",
        "CreateContainerError",
        "RunContainerError",
    ];

    // Normal for every container at first.
    private static readonly HashSet<string> Ordinary = ["ContainerCreating", "PodInitializing"];

    /// <summary>Evaluates conditions and containers of a pod; returns null if they are normal.</summary>
    public static Assessment? Of(PodObject pod, EvaluationContext context)
    {
        if (Unscheduled(pod) is { } unscheduled)
            return ForVolume(unscheduled)
                ? null
                : Assessment
                    .Waiting(ClusterCodes.Unschedulable)
                    .Of(pod.Metadata, unscheduled.Message ?? "", Since(pod, unscheduled))
                    .FailAfterTimeout(context, ClusterCodes.Unschedulable);
        var troubles = Containers(pod).Select(c => Of(pod, c.Status, c.Name, context)).OfType<Assessment>().ToList();
        return troubles.Find(t => t.State == WorkspaceState.Failed)
            ?? troubles.FirstOrDefault()
            ?? NotReady(pod, context);
    }

    /// <summary>
    /// Evaluates what happens while nothing is wrong: Events of a pod without containers, and init containers.
    /// </summary>
    public static Assessment? Slow(PodObject pod, IEnumerable<SeenEvent> events, EvaluationContext context)
    {
        if (
            Containers(pod).LastOrDefault(c => c.Init && c.Status.State?.Running is not null) is { Name: { } name } init
        )
            return Initializing(pod)
                ? new Assessment(WorkspaceState.Starting).Of(
                    pod.Metadata,
                    $"Waits for {name} to end.",
                    init.Status.State!.Running!.StartedAt
                )
                : null;
        if (Containers(pod).Any(c => c.Status.State?.Running is not null) || Holding(pod, "PodScheduled") is null)
            return null;
        var told = events.Where(e => e.Uid == pod.Metadata.Uid).MaxBy(e => e.Last);
        var volume = told?.Reason is "FailedMount" or "FailedAttachVolume";
        return told is null || !(volume || told.Stage == TimelineStage.Notice)
            ? null
            : new Assessment(WorkspaceState.Starting)
                .Of(pod.Metadata, ObservedStates.Text(told.Reason, told.Message), told.First)
                .FailAfterTimeout(context, volume ? ClusterCodes.VolumeFailed : ClusterCodes.ContainerFailed);
    }

    /// <summary>
    /// Reports Starting for a pod that is unschedulable because its volume is still being provisioned.
    /// </summary>
    public static Assessment? Unbound(PodObject pod, EvaluationContext context) =>
        Unscheduled(pod) is { } unscheduled
            ? new Assessment(WorkspaceState.Starting, ReasonId: "volume")
                .Of(pod.Metadata, unscheduled.Message ?? "", Since(pod, unscheduled))
                .FailAfterTimeout(context, ClusterCodes.VolumeFailed)
            : null;

    private static Assessment? Of(
        PodObject pod,
        PodObject.ContainerStatus container,
        string name,
        EvaluationContext context
    )
    {
        string Named(string words) => name.Length == 0 ? words : $"{name}: {words}";
        var end = container.State?.Terminated ?? container.LastState?.Terminated;
        if (container.State?.Waiting is not { Reason: { } reason } waiting)
            // Between two attempts.
            return container.State?.Terminated is { ExitCode: not 0 }
                ? new Assessment(WorkspaceState.Starting).Of(pod.Metadata, Named(ObservedStates.Text(end)))
                : null;
        if (Ordinary.Contains(reason))
            return null;
        if (reason == "CrashLoopBackOff")
            return Assessment
                .Failed(end?.Reason == ObservedStates.OutOfMemory ? ClusterCodes.OomKilled : ClusterCodes.CrashLoop)
                .Of(pod.Metadata, Named(ObservedStates.Text(ObservedStates.Text(end), waiting.Message)));
        var words = Named(ObservedStates.Text(reason, waiting.Message));
        if (ImageFailures.Contains(reason))
            return Assessment.Failed(ClusterCodes.ImagePullFailed).Of(pod.Metadata, words);
        if (ContainerFailures.Contains(reason))
            return Assessment.Failed(ClusterCodes.ContainerFailed).Of(pod.Metadata, words);
        // Kubernetes adds new reasons from time to time.
        var code = ImageWaits.Contains(reason) ? ClusterCodes.ImagePullFailed : ClusterCodes.ContainerFailed;
        return Assessment
            .Waiting(code)
            .Of(pod.Metadata, words, Since(pod, ObservedStates.Condition(pod.Status?.Conditions, "Ready")))
            .FailAfterTimeout(context, code);
    }

    /// <summary>Evaluates a pod whose containers all run but which is not ready.</summary>
    private static Assessment? NotReady(PodObject pod, EvaluationContext context)
    {
        var statuses = pod.Status?.ContainerStatuses ?? [];
        if (
            statuses.Count == 0
            || statuses.Any(c => c.State?.Running is null)
            || ObservedStates.Condition(pod.Status?.Conditions, "Ready") is not { Status: not "True" } ready
        )
            return null;
        var said = ObservedStates.Text(ready.Reason, ready.Message);
        // A readiness probe, which may take a while at first, or a readiness gate.
        if (statuses.Any(c => !c.Ready) || said.Length > 0)
            return new Assessment(WorkspaceState.Starting)
                .Of(pod.Metadata, said.Length > 0 ? said : "A container is not ready.", Since(pod, ready))
                .FailAfterTimeout(context, ClusterCodes.ContainerFailed);
        // The kubelet sets both at once. If the node does not respond, the node controller sets only the pod's
        // condition.
        return Assessment
            .Waiting(ClusterCodes.NodeNotReady)
            .Of(pod.Metadata, TerminationMessages.NodeMessage(pod), Since(pod, ready))
            .FailAfterTimeout(context, ClusterCodes.NodeNotReady);
    }

    /// <summary>Returns the containers in order of start, with their names except for the workspace's own.</summary>
    private static IEnumerable<(PodObject.ContainerStatus Status, string Name, bool Init)> Containers(PodObject pod) =>
        [
            .. (pod.Status?.InitContainerStatuses ?? []).Select(c => (c, $"init container \"{c.Name}\"", true)),
            .. (pod.Status?.ContainerStatuses ?? [])
                .OrderBy(c => c.Name != Names.Container)
                .Select(c => (c, c.Name == Names.Container ? "" : $"container \"{c.Name}\"", false)),
        ];

    // A sidecar container keeps running beside the others.
    private static bool Initializing(PodObject pod) =>
        ObservedStates.Condition(pod.Status?.Conditions, "Initialized") is { Status: "False" };

    private static DateTimeOffset? Since(PodObject pod, ObjectCondition? condition) =>
        condition?.LastTransitionTime ?? pod.Metadata.CreationTimestamp;

    private static ObjectCondition? Holding(PodObject pod, string type) =>
        ObservedStates.Condition(pod.Status?.Conditions, type) is { Status: "True" } condition ? condition : null;

    private static ObjectCondition? Unscheduled(PodObject pod) =>
        ObservedStates.Condition(pod.Status?.Conditions, "PodScheduled")
            is { Status: "False", Reason: "Unschedulable" } condition
            ? condition
            : null;

    private static bool ForVolume(ObjectCondition unscheduled) =>
        unscheduled.Message?.Contains("unbound immediate PersistentVolumeClaims", StringComparison.Ordinal) == true;
}
