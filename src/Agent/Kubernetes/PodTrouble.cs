using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.V1;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>Why a pod does not become ready, in the cluster's words: a pure function.</summary>
/// <remarks>
/// Webhooks add containers to pods: the trouble of each one keeps the workspace from running, and is told with its name.
/// </remarks>
internal static class PodTrouble
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
    public static Judgement? Of(PodObject pod, Patience patience)
    {
        if (Unscheduled(pod) is { } unscheduled)
            return ForVolume(unscheduled)
                ? null
                : Judgement
                    .Waiting(ClusterCodes.Unschedulable)
                    .Of(pod.Metadata, unscheduled.Message ?? "", Since(pod, unscheduled))
                    .Within(patience, ClusterCodes.Unschedulable);
        var troubles = Containers(pod).Select(c => Of(pod, c.Status, c.Name, patience)).OfType<Judgement>().ToList();
        return troubles.Find(t => t.State == WorkspaceState.Failed)
            ?? troubles.FirstOrDefault()
            ?? NotReady(pod, patience);
    }

    /// <summary>What happens while nothing is wrong yet: Events of a pod whose containers aren't made, an init container.</summary>
    public static Judgement? Slow(PodObject pod, IEnumerable<SeenEvent> events, Patience patience)
    {
        if (
            Containers(pod).LastOrDefault(c => c.Init && c.Status.State?.Running is not null) is { Name: { } name } init
        )
            return Initializing(pod)
                ? new Judgement(WorkspaceState.Starting).Of(
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
            : new Judgement(WorkspaceState.Starting)
                .Of(pod.Metadata, ObservedStates.Words(told.Reason, told.Message), told.First)
                .Within(patience, volume ? ClusterCodes.VolumeFailed : ClusterCodes.ContainerFailed);
    }

    /// <summary>While a volume is being provisioned the scheduler calls its pod unschedulable, for a few seconds each time.</summary>
    public static Judgement? Unbound(PodObject pod, Patience patience) =>
        Unscheduled(pod) is { } unscheduled
            ? new Judgement(WorkspaceState.Starting, Word: "volume")
                .Of(pod.Metadata, unscheduled.Message ?? "", Since(pod, unscheduled))
                .Within(patience, ClusterCodes.VolumeFailed)
            : null;

    private static Judgement? Of(PodObject pod, PodObject.ContainerStatus container, string name, Patience patience)
    {
        string Named(string words) => name.Length == 0 ? words : $"{name}: {words}";
        var end = container.State?.Terminated ?? container.LastState?.Terminated;
        if (container.State?.Waiting is not { Reason: { } reason } waiting)
            // Between two attempts.
            return container.State?.Terminated is { ExitCode: not 0 }
                ? new Judgement(WorkspaceState.Starting).Of(pod.Metadata, Named(ObservedStates.Words(end)))
                : null;
        if (Ordinary.Contains(reason))
            return null;
        if (reason == "CrashLoopBackOff")
            return Judgement
                .Failed(end?.Reason == ObservedStates.OutOfMemory ? ClusterCodes.OomKilled : ClusterCodes.CrashLoop)
                .Of(pod.Metadata, Named(ObservedStates.Words(ObservedStates.Words(end), waiting.Message)));
        var words = Named(ObservedStates.Words(reason, waiting.Message));
        if (ImageFailures.Contains(reason))
            return Judgement.Failed(ClusterCodes.ImagePullFailed).Of(pod.Metadata, words);
        if (ContainerFailures.Contains(reason))
            return Judgement.Failed(ClusterCodes.ContainerFailed).Of(pod.Metadata, words);
        // Kubernetes gives new reasons from time to time.
        var code = ImageWaits.Contains(reason) ? ClusterCodes.ImagePullFailed : ClusterCodes.ContainerFailed;
        return Judgement
            .Waiting(code)
            .Of(pod.Metadata, words, Since(pod, ObservedStates.Condition(pod.Status?.Conditions, "Ready")))
            .Within(patience, code);
    }

    /// <summary>All containers run, and still the pod is not ready.</summary>
    private static Judgement? NotReady(PodObject pod, Patience patience)
    {
        var statuses = pod.Status?.ContainerStatuses ?? [];
        if (
            statuses.Count == 0
            || statuses.Any(c => c.State?.Running is null)
            || ObservedStates.Condition(pod.Status?.Conditions, "Ready") is not { Status: not "True" } ready
        )
            return null;
        var said = ObservedStates.Words(ready.Reason, ready.Message);
        // A readiness probe, which takes its time at first, or a readiness gate.
        if (statuses.Any(c => !c.Ready) || said.Length > 0)
            return new Judgement(WorkspaceState.Starting)
                .Of(pod.Metadata, said.Length > 0 ? said : "A container is not ready.", Since(pod, ready))
                .Within(patience, ClusterCodes.ContainerFailed);
        // The kubelet sets both at once; the node's controller, which it is not heard of by, only the pod's condition.
        return Judgement
            .Waiting(ClusterCodes.NodeNotReady)
            .Of(pod.Metadata, Departure.NodeWords(pod), Since(pod, ready))
            .Within(patience, ClusterCodes.NodeNotReady);
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
