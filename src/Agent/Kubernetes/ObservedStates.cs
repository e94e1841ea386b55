using System.Globalization;
using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Protocol;
using Coder.Mesh.V1;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>What the cluster holds of one workspace.</summary>
internal sealed record WorkspaceObjects(
    DeploymentObject? Deployment,
    ClaimObject? Claim,
    IReadOnlyCollection<PodObject> Pods
)
{
    /// <summary>What the cluster tells of them; not everything that it has ever told.</summary>
    public IReadOnlyCollection<SeenEvent> Events { get; init; } = [];

    /// <summary>Pods that mount its claim and are not its own: somebody has made them, or has changed their labels.</summary>
    public IReadOnlyCollection<PodObject> ForeignPods { get; init; } = [];

    /// <summary>Whatever still uses its disk or runs for it.</summary>
    public IEnumerable<PodObject> LivePods => Pods.Concat(ForeignPods).Where(ObservedStates.Live);

    public bool None => Deployment is null && Claim is null && Pods.Count == 0;
}

/// <summary>Turns objects into the observed state of a workspace: a pure function.</summary>
internal static class ObservedStates
{
    public const string Evicted = "Evicted";
    public const string OutOfMemory = "OOMKilled";

    /// <param name="removing">The agent has asked for the workspace's deletion.</param>
    /// <param name="known">The generation last reported: it stands in for what the objects left no longer tell.</param>
    /// <returns>Null if nothing is left; and when it is to be looked at again though nothing has changed.</returns>
    public static (ClusterWorkspace? Workspace, DateTimeOffset? Deadline) Of(
        string id,
        WorkspaceObjects objects,
        bool removing,
        ulong known,
        EvaluationContext context
    )
    {
        if (objects.None)
            return (null, null);
        var deleting = removing || objects is { Deployment: null, Claim: null };
        var assessed = deleting ? Going(objects, context) : Evaluate(objects, context);
        var workspace = new ClusterWorkspace(
            id,
            Generation(objects, deleting, known),
            assessed.State,
            assessed.Code,
            assessed.Message,
            Inventory.Describe(objects)
        )
        {
            Idle = objects.Deployment?.Spec?.Replicas is null or 0 && !objects.LivePods.Any(),
        };
        return (workspace, assessed.Deadline);
    }

    /// <summary>The generation that an object carries; 0 if it carries none that can be read.</summary>
    public static ulong Generation(ObjectMeta? metadata) => Number(metadata?.Annotations?.Generation);

    /// <summary>What an annotation says; 0 if it is no number, or none that was ever given out.</summary>
    public static ulong Number(string? annotation) =>
        ulong.TryParse(annotation, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        && number <= Generations.Max
            ? number
            : 0;

    // The volume keeps the generation that it was made from, so the Deployment's counts. A volume alone is no generation
    // applied: an agent killed between the two, or a Deployment deleted by hand, needs to be sent the workspace again.
    private static ulong Generation(WorkspaceObjects objects, bool deleting, ulong known)
    {
        if (objects.Deployment is { } deployment)
            return Generation(deployment.Metadata);
        return deleting ? Math.Max(known, Generation(objects.Claim?.Metadata)) : 0;
    }

    private static Assessment Going(WorkspaceObjects objects, EvaluationContext context) =>
        new(
            WorkspaceState.Deleting,
            Message: Text([
                TerminationMessages.Pods(GoingPods(objects), objects.ForeignPods, context.Now),
                TerminationMessages.Finalizers("Deployment", objects.Deployment?.Metadata),
                // That a pod keeps the disk is said by naming the pod.
                objects.Claim?.Metadata.Finalizers
                    is [TerminationMessages.UsedByPod]
                && GoingPods(objects).Any()
                    ? ""
                    : TerminationMessages.Finalizers("PersistentVolumeClaim", objects.Claim?.Metadata),
            ])
        )
        {
            Deadline = TerminationMessages.Deadline(GoingPods(objects), context.Now),
        };

    private static IEnumerable<PodObject> GoingPods(WorkspaceObjects objects) =>
        objects.Pods.Concat(objects.ForeignPods.Where(Live));

    /// <summary>Whether the Deployment's controller has acted on it as it is now.</summary>
    public static bool Current(DeploymentObject deployment) =>
        deployment.Status is { } status && status.ObservedGeneration >= deployment.Metadata.Generation;

    /// <summary>
    /// The pods that speak for the workspace as it is wished now, the newest first: those that go, or that are about to
    /// because the Deployment has become another, do not.
    /// </summary>
    public static IEnumerable<PodObject> CurrentPods(WorkspaceObjects objects) =>
        objects.Deployment is { Status.UpdatedReplicas: > 0 } deployment && Current(deployment)
            ? objects
                .Pods.Where(p => Live(p) && !p.Metadata.Deleting)
                .OrderByDescending(p => p.Metadata.CreationTimestamp)
            : [];

    /// <summary>What the objects of a workspace that isn't being deleted amount to.</summary>
    public static Assessment Evaluate(WorkspaceObjects objects, EvaluationContext context)
    {
        var assessed = StartTimeout.Of(ByPods(objects, context), objects, context);
        // What somebody else deletes goes on to work until nothing uses it any more.
        var pendingDeletion = PendingDeletion(objects);
        return pendingDeletion.Length == 0
            ? assessed
            : assessed with
            {
                Code =
                    assessed.Code.Length > 0 || objects.Claim?.Metadata.Deleting != true
                        ? assessed.Code
                        : ClusterCodes.VolumeDeleting,
                Message = Text([assessed.Message, pendingDeletion]),
            };
    }

    private static Assessment ByPods(WorkspaceObjects objects, EvaluationContext context)
    {
        // The volume is made first: its Deployment is on the way.
        if (objects.Deployment is not { } deployment)
            return new(WorkspaceState.Starting);

        var status = deployment.Status ?? new();
        if (deployment.Spec?.Replicas == 0)
            return Current(deployment) && status.Replicas == 0 && !objects.LivePods.Any()
                ? new(WorkspaceState.Stopped)
                : Stopping(deployment, objects, context);

        // The pod too must say so: the Deployment's own count lags behind a pod that has just died.
        var pods = CurrentPods(objects).ToList();
        if (status.ReadyReplicas > 0 && pods.Any(Ready))
            return new(WorkspaceState.Running, Message: TerminationMessages.AlsoUsed(objects.ForeignPods.Where(Live)));

        var claim = Waiting(objects, context);
        return (claim is { Code.Length: > 0 } ? claim : null)
            ?? pods.Select(p => PodAssessment.Of(p, context)).FirstOrDefault(t => t is not null)
            ?? (Current(deployment) ? Refused(status, context) : null)
            ?? claim
            ?? pods.Select(p => PodAssessment.Unbound(p, context)).FirstOrDefault(t => t is not null)
            ?? pods.Select(p => PodAssessment.Slow(p, objects.Events, context)).FirstOrDefault(t => t is not null)
            ?? Eviction(objects.Pods)
            // The pod before, whose end its successor waits for, and whatever else has the disk.
            ?? Ending(
                WorkspaceState.Starting,
                objects.LivePods.Where(p => p.Metadata.Deleting || objects.ForeignPods.Contains(p)),
                objects,
                context
            );
    }

    private static Assessment Stopping(
        DeploymentObject deployment,
        WorkspaceObjects objects,
        EvaluationContext context
    ) =>
        Ending(WorkspaceState.Stopping, objects.LivePods, objects, context) is { Message.Length: > 0 } ending
            ? ending
            : new(
                WorkspaceState.Stopping,
                Message: $"Waits for the cluster's controllers to act on the Deployment {deployment.Metadata.Name}."
            );

    private static Assessment Ending(
        WorkspaceState state,
        IEnumerable<PodObject> pods,
        WorkspaceObjects objects,
        EvaluationContext context
    ) =>
        new(state, Message: TerminationMessages.Pods(pods, objects.ForeignPods, context.Now))
        {
            Deadline = TerminationMessages.Deadline(pods, context.Now),
        };

    private static string PendingDeletion(WorkspaceObjects objects) =>
        Text([
            objects.Claim?.Metadata is { Deleting: true } claim
                ? Text([
                    $"The disk (PersistentVolumeClaim {claim.Name}) was deleted in the cluster: it goes, with all that is on "
                        + "it, as soon as the workspace stops, and the next start makes an empty one.",
                    // Pods are what it waits for at first, as it should be.
                    objects.LivePods.Any()
                        ? ""
                        : TerminationMessages.Finalizers("PersistentVolumeClaim", claim),
                ])
                : "",
            objects.Deployment?.Metadata is { Deleting: true } deployment
                ? Text([
                    $"The Deployment {deployment.Name} was deleted in the cluster.",
                    TerminationMessages.Finalizers("Deployment", deployment),
                ])
                : "",
        ]);

    // A pod that has ended stays listed, but holds nothing.
    public static bool Live(PodObject pod) => pod.Status?.Phase is not ("Succeeded" or "Failed");

    private static bool Ready(PodObject pod) => Condition(pod.Status?.Conditions, "Ready") is { Status: "True" };

    /// <summary>What a volume that isn't there yet waits for, in its provisioner's words.</summary>
    private static Assessment? Waiting(WorkspaceObjects objects, EvaluationContext context)
    {
        if (objects.Claim is not { Status.Phase: "Pending" } claim)
            return null;
        var told = objects.Events.Where(e => e.Uid == claim.Metadata.Uid).OrderByDescending(e => e.Last).ToList();
        // A class that appears makes the controller wait anew. Other words may come between two attempts that fail.
        var news = told.TakeWhile(e => e.Reason != SeenEvent.WaitForFirstConsumer);
        if (news.FirstOrDefault(e => e.Reason == SeenEvent.ProvisioningFailed) is { } failure)
            return IsClassMissing(failure)
                ? Assessment.Failed(ClusterCodes.StorageClassMissing).Of(claim.Metadata, failure.Message, failure.First)
                : Assessment
                    .Waiting(ClusterCodes.VolumeFailed)
                    .Of(claim.Metadata, failure.Message, failure.First)
                    .FailAfterTimeout(context, ClusterCodes.VolumeFailed);
        if (told.FirstOrDefault(e => e.Stage == TimelineStage.Waiting) is not { } wait)
            return null;
        var waiting = new Assessment(WorkspaceState.Starting, ReasonId: wait.Reason).Of(
            claim.Metadata,
            wait.Message,
            wait.First
        );
        // That waits for the pod, and the pod says what it waits for.
        return wait.Reason is SeenEvent.WaitForFirstConsumer or SeenEvent.WaitForPodScheduled
            ? waiting
            : waiting.FailAfterTimeout(context, ClusterCodes.VolumeFailed);
    }

    private static bool IsClassMissing(SeenEvent failure) =>
        failure.Message.StartsWith("storageclass", StringComparison.OrdinalIgnoreCase)
        && failure.Message.EndsWith("not found", StringComparison.Ordinal);

    /// <summary>Whether the cluster refuses to make the Deployment's pod.</summary>
    public static bool PodRefused(DeploymentObject deployment) =>
        deployment.Status is { } status && Failure(status) is not null;

    private static ObjectCondition? Failure(DeploymentObject.DeploymentStatus status) =>
        Condition(status.Conditions, "ReplicaFailure") is { Status: "True" } failure ? failure : null;

    private static Assessment? Refused(DeploymentObject.DeploymentStatus status, EvaluationContext context)
    {
        if (Failure(status) is not { } failure)
            return null;
        var quota = ApiMessages.IsQuota(failure.Message ?? "");
        // A quota has room again when something else goes; a policy stays as it is.
        var assessed =
            quota ? Assessment.Waiting(ClusterCodes.QuotaExceeded)
            : ApiMessages.IsLimitRange(failure.Message ?? "") ? Assessment.Failed(ClusterCodes.LimitExceeded)
            : Assessment.Failed(ClusterCodes.PodRefused);
        assessed = assessed with
        {
            Message = Text(failure.Reason, failure.Message),
            Since = failure.LastTransitionTime,
        };
        return quota ? assessed.FailAfterTimeout(context, ClusterCodes.QuotaExceeded) : assessed;
    }

    // Its successor is on the way; why there had to be one is worth knowing meanwhile.
    private static Assessment? Eviction(IEnumerable<PodObject> pods) =>
        pods.Where(p => p.Status is { Phase: "Failed", Reason: Evicted })
            .OrderByDescending(p => p.Metadata.CreationTimestamp)
            .FirstOrDefault()
            is { } evicted
            ? new(WorkspaceState.Starting, Message: Text("The pod before was evicted", evicted.Status!.Message))
            : null;

    public static PodObject.ContainerStatus? Container(PodObject pod) =>
        pod.Status?.ContainerStatuses?.FirstOrDefault(c => c.Name == Names.Container);

    public static string Text(PodObject.ContainerTerminated? end) =>
        end is null ? "" : $"the container ended with exit code {end.ExitCode} ({end.Reason ?? "no reason given"})";

    public static string Text(string? first, string? second) =>
        string.Join(": ", new[] { first, second }.Where(w => !string.IsNullOrWhiteSpace(w)));

    private static string Text(IEnumerable<string> sentences) => string.Join(" ", sentences.Where(s => s.Length > 0));

    public static ObjectCondition? Condition(IReadOnlyList<ObjectCondition>? conditions, string type) =>
        conditions?.FirstOrDefault(c => c.Type == type);

    /// <summary>What names an object in the id of a happening: enough of its UID for the few that a workspace has.</summary>
    public static string Subject(ObjectMeta metadata) => metadata.Uid is { } uid ? uid[..Math.Min(8, uid.Length)] : "";
}
