using System.Globalization;
using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Protocol;
using Coder.Mesh.V1;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>The objects of a workspace in the cluster.</summary>
internal sealed record WorkspaceObjects(
    DeploymentObject? Deployment,
    ClaimObject? Claim,
    IReadOnlyCollection<PodObject> Pods
)
{
    /// <summary>Recent Events about them.</summary>
    public IReadOnlyCollection<SeenEvent> Events { get; init; } = [];

    /// <summary>Pods that mount its claim but are not its own: created by others, or with changed labels.</summary>
    public IReadOnlyCollection<PodObject> ForeignPods { get; init; } = [];

    /// <summary>All pods that still use its disk or run for it.</summary>
    public IEnumerable<PodObject> LivePods => Pods.Concat(ForeignPods).Where(ObservedStates.Live);

    public bool None => Deployment is null && Claim is null && Pods.Count == 0;
}

/// <summary>Derives the observed state of a workspace from its objects. Pure functions.</summary>
internal static class ObservedStates
{
    public const string Evicted = "Evicted";
    public const string OutOfMemory = "OOMKilled";

    /// <param name="removing">Whether the agent has requested the deletion of the workspace.</param>
    /// <param name="known">The last reported generation, used if the remaining objects carry none.</param>
    /// <returns>Null if nothing is left; and when to evaluate again even if no object changes.</returns>
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

    /// <summary>Returns the generation of an object; 0 if it has no readable one.</summary>
    public static ulong Generation(ObjectMeta? metadata) => Number(metadata?.Annotations?.Generation);

    /// <summary>Returns the number in an annotation; 0 if it is invalid or was never assigned.</summary>
    public static ulong Number(string? annotation) =>
        ulong.TryParse(annotation, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        && number <= Generations.Max
            ? number
            : 0;

    // The volume keeps the generation that it was created from, so that of the Deployment counts. A volume alone is no
    // applied generation: the agent was killed between the two, or the Deployment was deleted, so the workspace has to
    // be sent again.
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
                // A pod that keeps the disk is named instead.
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

    /// <summary>Whether the Deployment's controller has acted on its current version.</summary>
    public static bool Current(DeploymentObject deployment) =>
        deployment.Status is { } status && status.ObservedGeneration >= deployment.Metadata.Generation;

    /// <summary>
    /// Returns the pods of the current desired state, newest first, without those that are ending or are about to be
    /// replaced.
    /// </summary>
    public static IEnumerable<PodObject> CurrentPods(WorkspaceObjects objects) =>
        objects.Deployment is { Status.UpdatedReplicas: > 0 } deployment && Current(deployment)
            ? objects
                .Pods.Where(p => Live(p) && !p.Metadata.Deleting)
                .OrderByDescending(p => p.Metadata.CreationTimestamp)
            : [];

    /// <summary>Evaluates the objects of a workspace that is not being deleted.</summary>
    public static Assessment Evaluate(WorkspaceObjects objects, EvaluationContext context)
    {
        var assessed = StartTimeout.Of(ByPods(objects, context), objects, context);
        // An object that somebody else deletes works until nothing uses it any more.
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
        // The volume is created first, so the Deployment will follow.
        if (objects.Deployment is not { } deployment)
            return new(WorkspaceState.Starting);

        var status = deployment.Status ?? new();
        if (deployment.Spec?.Replicas == 0)
            return Current(deployment) && status.Replicas == 0 && !objects.LivePods.Any()
                ? new(WorkspaceState.Stopped)
                : Stopping(deployment, objects, context);

        // The pod has to be ready too: the Deployment's count lags behind a pod that has just ended.
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
            // The previous pod, whose end the next one waits for, and other pods that use the disk.
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
                    // At first it normally waits for pods.
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

    // A pod that has ended stays listed, but uses nothing.
    public static bool Live(PodObject pod) => pod.Status?.Phase is not ("Succeeded" or "Failed");

    private static bool Ready(PodObject pod) => Condition(pod.Status?.Conditions, "Ready") is { Status: "True" };

    /// <summary>Describes why a volume does not exist yet, in the words of its provisioner.</summary>
    private static Assessment? Waiting(WorkspaceObjects objects, EvaluationContext context)
    {
        if (objects.Claim is not { Status.Phase: "Pending" } claim)
            return null;
        var told = objects.Events.Where(e => e.Uid == claim.Metadata.Uid).OrderByDescending(e => e.Last).ToList();
        // A class that appears starts a new wait. Other messages may occur between two failed attempts.
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
        // The volume waits for the pod, and the pod's message says what it waits for.
        return wait.Reason is SeenEvent.WaitForFirstConsumer or SeenEvent.WaitForPodScheduled
            ? waiting
            : waiting.FailAfterTimeout(context, ClusterCodes.VolumeFailed);
    }

    private static bool IsClassMissing(SeenEvent failure) =>
        failure.Message.StartsWith("storageclass", StringComparison.OrdinalIgnoreCase)
        && failure.Message.EndsWith("not found", StringComparison.Ordinal);

    /// <summary>Whether the cluster refuses to create the Deployment's pod.</summary>
    public static bool PodRefused(DeploymentObject deployment) =>
        deployment.Status is { } status && Failure(status) is not null;

    private static ObjectCondition? Failure(DeploymentObject.DeploymentStatus status) =>
        Condition(status.Conditions, "ReplicaFailure") is { Status: "True" } failure ? failure : null;

    private static Assessment? Refused(DeploymentObject.DeploymentStatus status, EvaluationContext context)
    {
        if (Failure(status) is not { } failure)
            return null;
        var quota = ApiMessages.IsQuota(failure.Message ?? "");
        // A quota may have room again; a policy does not change by itself.
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

    // Its successor is on the way; meanwhile the reason for it is reported.
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

    /// <summary>Returns the part of an object's UID that identifies it in ids of occurrences.</summary>
    public static string Subject(ObjectMeta metadata) => metadata.Uid is { } uid ? uid[..Math.Min(8, uid.Length)] : "";
}
