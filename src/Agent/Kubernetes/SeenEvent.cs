using Coder.Mesh.V1;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>What a Kubernetes Event tells of an object of a workspace, and nothing of the Event itself.</summary>
/// <param name="Uid">Of the object that it tells of.</param>
/// <param name="First">When it was told first.</param>
/// <param name="Last">When it was told last.</param>
internal sealed record SeenEvent(
    string Uid,
    string Reason,
    TimelineStage Stage,
    string Message,
    DateTimeOffset First,
    DateTimeOffset Last
)
{
    public const string ProvisioningFailed = "ProvisioningFailed";
    public const string WaitForFirstConsumer = "WaitForFirstConsumer";
    public const string WaitForPodScheduled = "WaitForPodScheduled";

    private static readonly Dictionary<string, TimelineStage> PodReasons = new()
    {
        ["FailedAttachVolume"] = TimelineStage.Waiting,
        ["FailedMount"] = TimelineStage.Waiting,
        ["NotTriggerScaleUp"] = TimelineStage.Waiting,
        ["Pulled"] = TimelineStage.ImagePulled,
        ["Pulling"] = TimelineStage.ImagePulling,
        ["TriggeredScaleUp"] = TimelineStage.Waiting,
    };

    private static readonly Dictionary<string, TimelineStage> ClaimReasons = new()
    {
        ["ExternalProvisioning"] = TimelineStage.Waiting,
        ["FailedBinding"] = TimelineStage.Waiting,
        [ProvisioningFailed] = TimelineStage.Failed,
        ["Provisioning"] = TimelineStage.Waiting,
        [WaitForFirstConsumer] = TimelineStage.Waiting,
        [WaitForPodScheduled] = TimelineStage.Waiting,
    };

    // Warnings that a pod's own status tells better: with a code, and for as long as they hold.
    private static readonly HashSet<string> ShownByStatus = ["BackOff", "Evicted", "Failed", "FailedScheduling"];

    /// <summary>Whether it is of an object that may be ours, and of a kind that people want to hear of.</summary>
    public static bool IsRelevant(EventObject item) => WorkspaceOf(item) is not null && StageOf(item) is not null;

    /// <summary>The workspace whose object it tells of; null if that can't be one of ours.</summary>
    public static string? WorkspaceOf(EventObject item) =>
        item.InvolvedObject is { Uid: not null, Kind: "Pod" or "PersistentVolumeClaim" } about
            ? Names.WorkspaceOf(about.Name, generated: about.Kind == "Pod")
            : null;

    /// <param name="item">One that matters.</param>
    public static SeenEvent Of(EventObject item)
    {
        var first = item.FirstTimestamp ?? item.EventTime ?? item.Metadata.CreationTimestamp ?? default;
        var last = item.Series?.LastObservedTime ?? item.LastTimestamp ?? first;
        return new SeenEvent(
            item.InvolvedObject!.Uid!,
            item.Reason!,
            StageOf(item)!.Value,
            item.Message ?? "",
            first,
            last < first ? first : last
        );
    }

    private static TimelineStage? StageOf(EventObject item)
    {
        var reasons = item.InvolvedObject?.Kind == "Pod" ? PodReasons : ClaimReasons;
        if (item.Reason is not { Length: > 0 } reason)
            return null;
        if (reasons.TryGetValue(reason, out var stage))
            return stage;
        return item.Type == "Warning" && !ShownByStatus.Contains(reason) ? TimelineStage.Notice : null;
    }
}
