using System.Globalization;
using Coder.Mesh.Agent.Reconcile;
using Coder.Mesh.V1;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>What the cluster holds of one workspace.</summary>
internal sealed record WorkspaceObjects(
    DeploymentObject? Deployment,
    ClaimObject? Claim,
    IReadOnlyCollection<PodObject> Pods
)
{
    public bool None => Deployment is null && Claim is null && Pods.Count == 0;
}

/// <summary>Turns objects into the observed state of a workspace: a pure function.</summary>
internal static class ObservedStates
{
    private static readonly HashSet<string> ImageReasons =
    [
        "ErrImageNeverPull",
        "ErrImagePull",
        "ImageInspectError",
        "ImagePullBackOff",
        "InvalidImageName",
        "RegistryUnavailable",
    ];

    private static readonly HashSet<string> ContainerReasons =
    [
        "CreateContainerConfigError",
        "CreateContainerError",
        "RunContainerError",
    ];

    /// <param name="removing">The agent has asked for the workspace's deletion.</param>
    /// <param name="known">The generation last reported: it stands in for what the objects left no longer tell.</param>
    /// <returns>Null if nothing is left.</returns>
    public static ClusterWorkspace? Of(string id, WorkspaceObjects objects, bool removing, ulong known)
    {
        if (objects.None)
            return null;
        var deleting = removing || Deleting(objects);
        var (state, code, message) = deleting ? new(WorkspaceState.Deleting) : Judge(objects);
        return new ClusterWorkspace(
            id,
            Generation(objects, deleting, known),
            state,
            code,
            message,
            HeldObjects.Describe(objects)
        );
    }

    /// <summary>The generation that an object carries; 0 if it carries none that can be read.</summary>
    public static ulong Generation(ObjectMeta? metadata) => Number(metadata?.Annotations?.Generation);

    /// <summary>What an annotation says; 0 if it is no number.</summary>
    public static ulong Number(string? annotation) =>
        ulong.TryParse(annotation, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    // The volume keeps the generation that it was made from, so the Deployment's counts. A volume alone is no generation
    // applied: an agent killed between the two, or a Deployment deleted by hand, needs to be sent the workspace again.
    private static ulong Generation(WorkspaceObjects objects, bool deleting, ulong known)
    {
        if (objects.Deployment is { } deployment)
            return Generation(deployment.Metadata);
        return deleting ? Math.Max(known, Generation(objects.Claim?.Metadata)) : 0;
    }

    private static bool Deleting(WorkspaceObjects objects) =>
        objects is { Deployment: null, Claim: null }
        || objects.Deployment?.Metadata.Deleting == true
        || objects.Claim?.Metadata.Deleting == true;

    private static Judgement Judge(WorkspaceObjects objects)
    {
        // The volume is made first: its Deployment is on the way.
        if (objects.Deployment is not { } deployment)
            return new(WorkspaceState.Starting);

        var status = deployment.Status ?? new();
        var current = status.ObservedGeneration >= deployment.Metadata.Generation;
        var live = objects.Pods.Where(Live).ToList();
        if (deployment.Spec?.Replicas == 0)
            return new(
                current && status.Replicas == 0 && live.Count == 0 ? WorkspaceState.Stopped : WorkspaceState.Stopping
            );

        // The pod too must say so: the Deployment's own count lags behind a pod that has just died.
        var pods = live.Where(p => !p.Metadata.Deleting).OrderByDescending(p => p.Metadata.CreationTimestamp).ToList();
        if (current && status is { ReadyReplicas: > 0, UpdatedReplicas: > 0 } && pods.Any(Ready))
            return new(WorkspaceState.Running);

        return pods.Select(Trouble).FirstOrDefault(t => t is not null)
            ?? Refused(status)
            ?? new(WorkspaceState.Starting, Message: Eviction(objects.Pods));
    }

    // A pod that has ended stays listed, but holds nothing.
    private static bool Live(PodObject pod) => pod.Status?.Phase is not ("Succeeded" or "Failed");

    private static bool Ready(PodObject pod) => Condition(pod.Status?.Conditions, "Ready") is { Status: "True" };

    private static Judgement? Trouble(PodObject pod)
    {
        var scheduled = Condition(pod.Status?.Conditions, "PodScheduled");
        if (scheduled is { Status: "False", Reason: "Unschedulable" })
            return Unscheduled(scheduled.Message ?? "");

        var container = pod.Status?.ContainerStatuses?.FirstOrDefault(c => c.Name == Names.Container);
        if (container?.State?.Waiting is not { Reason: { } reason } waiting)
            return null;
        if (ImageReasons.Contains(reason))
            return Failed(ClusterCodes.ImagePullFailed, Words(reason, waiting.Message));
        if (reason == "CrashLoopBackOff")
            return Failed(
                container.LastState?.Terminated?.Reason == "OOMKilled"
                    ? ClusterCodes.OomKilled
                    : ClusterCodes.CrashLoop,
                Words(LastEnd(container), waiting.Message)
            );
        return ContainerReasons.Contains(reason)
            ? Failed(ClusterCodes.ContainerFailed, Words(reason, waiting.Message))
            : null;
    }

    // While a volume is being provisioned the scheduler calls its pod unschedulable, for a few seconds each time.
    private static Judgement Unscheduled(string message) =>
        message.Contains("unbound immediate PersistentVolumeClaims", StringComparison.Ordinal)
            ? new(WorkspaceState.Starting, Message: message)
            : Failed(ClusterCodes.Unschedulable, message);

    /// <summary>Whether the cluster refuses to make the Deployment's pod.</summary>
    public static bool PodRefused(DeploymentObject deployment) =>
        deployment.Status is { } status && Failure(status) is not null;

    private static ObjectCondition? Failure(DeploymentObject.DeploymentStatus status) =>
        Condition(status.Conditions, "ReplicaFailure") is { Status: "True" } failure ? failure : null;

    private static Judgement? Refused(DeploymentObject.DeploymentStatus status)
    {
        if (Failure(status) is not { } failure)
            return null;
        var quota = failure.Message?.Contains("exceeded quota", StringComparison.Ordinal) == true;
        return Failed(
            quota ? ClusterCodes.QuotaExceeded : ClusterCodes.PodRefused,
            Words(failure.Reason, failure.Message)
        );
    }

    // Its successor is on the way; why there had to be one is worth knowing meanwhile.
    private static string Eviction(IEnumerable<PodObject> pods) =>
        pods.Where(p => p.Status is { Phase: "Failed", Reason: "Evicted" })
            .OrderByDescending(p => p.Metadata.CreationTimestamp)
            .FirstOrDefault()
            is { } evicted
            ? Words("The pod before was evicted", evicted.Status!.Message)
            : "";

    private static string? LastEnd(PodObject.ContainerStatus container) =>
        container.LastState?.Terminated is { } end
            ? $"the container ended with exit code {end.ExitCode} ({end.Reason ?? "no reason given"})"
            : null;

    private static string Words(string? first, string? second) =>
        string.Join(": ", new[] { first, second }.Where(w => !string.IsNullOrWhiteSpace(w)));

    private static Judgement Failed(string code, string message) => new(WorkspaceState.Failed, code, message);

    private static ObjectCondition? Condition(IReadOnlyList<ObjectCondition>? conditions, string type) =>
        conditions?.FirstOrDefault(c => c.Type == type);

    private sealed record Judgement(WorkspaceState State, string Code = "", string Message = "");
}
