using Coder.Mesh.V1;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>The relevant part of a Kubernetes Event about an object of a workspace.</summary>
/// <param name="Uid">UID of the object.</param>
/// <param name="First">Time of the first occurrence.</param>
/// <param name="Last">Time of the last occurrence.</param>
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

    // Warnings that the status of the pod shows better: with a code, and for as long as they apply.
    private static readonly HashSet<string> ShownByStatus = ["BackOff", "Evicted", "Failed", "FailedScheduling"];

    /// <summary>Whether the Event may concern an object of ours and is of interest to people.</summary>
    public static bool IsRelevant(EventObject item) => WorkspaceOf(item) is not null && StageOf(item) is not null;

    /// <summary>Returns the workspace whose object it concerns; null if it cannot be one of ours.</summary>
    public static string? WorkspaceOf(EventObject item) =>
        item.InvolvedObject is { Uid: not null, Kind: "Pod" or "PersistentVolumeClaim" } about
            ? Names.WorkspaceOf(about.Name, generated: about.Kind == "Pod")
            : null;

    /// <param name="item">A relevant Event.</param>
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
