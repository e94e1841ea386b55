using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.V1;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>Why a pod does not become ready, in the cluster's words: a pure function.</summary>
/// <remarks>
/// Webhooks add containers to pods: the trouble of each one keeps the workspace from running, and is told with its name.
/// </remarks>
internal static class PodAssessment
{
    // The kubelet goes on trying, and may come to succeed.
    private static readonly HashSet<string> ImageWaits =
    [
        "ErrImagePull",
        "ImageInspectError",
        "ImagePullBackOff",
        "RegistryUnavailable",
    ];

    // It goes on trying in vain: nothing but another workspace or another node would help.
    private static readonly HashSet<string> ImageFailures = ["ErrImageNeverPull", "InvalidImageName"];

    private static readonly HashSet<string> ContainerFailures =
    [
        "CreateContainerConfigError",
        "CreateContainerError",
        "RunContainerError",
    ];

    // What every container waits for at first.
    private static readonly HashSet<string> Ordinary = ["ContainerCreating", "PodInitializing"];

    /// <summary>What the pod's conditions and containers say; null if they say nothing out of the ordinary.</summary>
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

    /// <summary>What happens while nothing is wrong yet: Events of a pod whose containers aren't made, an init container.</summary>
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

    /// <summary>While a volume is being provisioned the scheduler calls its pod unschedulable, for a few seconds each time.</summary>
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
        // Kubernetes gives new reasons from time to time.
        var code = ImageWaits.Contains(reason) ? ClusterCodes.ImagePullFailed : ClusterCodes.ContainerFailed;
        return Assessment
            .Waiting(code)
            .Of(pod.Metadata, words, Since(pod, ObservedStates.Condition(pod.Status?.Conditions, "Ready")))
            .FailAfterTimeout(context, code);
    }

    /// <summary>All containers run, and still the pod is not ready.</summary>
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
        // A readiness probe, which takes its time at first, or a readiness gate.
        if (statuses.Any(c => !c.Ready) || said.Length > 0)
            return new Assessment(WorkspaceState.Starting)
                .Of(pod.Metadata, said.Length > 0 ? said : "A container is not ready.", Since(pod, ready))
                .FailAfterTimeout(context, ClusterCodes.ContainerFailed);
        // The kubelet sets both at once; the node's controller, which it is not heard of by, only the pod's condition.
        return Assessment
            .Waiting(ClusterCodes.NodeNotReady)
            .Of(pod.Metadata, TerminationMessages.NodeMessage(pod), Since(pod, ready))
            .FailAfterTimeout(context, ClusterCodes.NodeNotReady);
    }

    /// <summary>Those that come first first, and what they are called beside the workspace's own, which needs no name.</summary>
    private static IEnumerable<(PodObject.ContainerStatus Status, string Name, bool Init)> Containers(PodObject pod) =>
        [
            .. (pod.Status?.InitContainerStatuses ?? []).Select(c => (c, $"init container \"{c.Name}\"", true)),
            .. (pod.Status?.ContainerStatuses ?? [])
                .OrderBy(c => c.Name != Names.Container)
                .Select(c => (c, c.Name == Names.Container ? "" : $"container \"{c.Name}\"", false)),
        ];

    // One that is made to run beside the others ("sidecar") runs on when they do.
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
