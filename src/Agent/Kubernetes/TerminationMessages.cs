using System.Globalization;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>Describes what a workspace waits for while it stops, is deleted or replaced. Pure functions.</summary>
internal static class TerminationMessages
{
    /// <summary>A kubelet may need some seconds more than its limit.</summary>
    public static readonly TimeSpan Overdue = TimeSpan.FromSeconds(30);

    /// <summary>Finalizer by which Kubernetes keeps a claim while a pod uses it.</summary>
    public const string UsedByPod = "kubernetes.io/pvc-protection";

    private const int MaxPods = 3;

    private const string Foreign =
        "which uses its disk and does not have the labels of its pods: only deleting that pod ends it";

    /// <param name="pods">The pods that have to end.</param>
    /// <param name="foreign">Those of them that are not the workspace's own.</param>
    /// <returns>Empty if there are none.</returns>
    public static string Pods(IEnumerable<PodObject> pods, IReadOnlyCollection<PodObject> foreign, DateTimeOffset now)
    {
        var named = Named(pods).Select(p => foreign.Contains(p) ? $"{Pod(p, now)}, {Foreign}" : Pod(p, now)).ToList();
        return named.Count == 0 ? "" : $"Waits for {string.Join(", and for ", named)}.";
    }

    /// <summary>Describes other pods that use the disk of a running workspace.</summary>
    /// <returns>Empty if there are none.</returns>
    public static string AlsoUsed(IEnumerable<PodObject> foreign)
    {
        var named = Named(foreign).Select(p => p.Metadata.Name).ToList();
        return named.Count == 0
            ? ""
            : $"Its disk is also used by pod {string.Join(", and by pod ", named)}, {Foreign}.";
    }

    private static IEnumerable<PodObject> Named(IEnumerable<PodObject> pods) =>
        pods.OrderBy(p => p.Metadata.Name, StringComparer.Ordinal).Take(MaxPods);

    /// <summary>Describes what keeps an object that is being deleted.</summary>
    /// <returns>Empty if unknown.</returns>
    public static string Finalizers(string kind, ObjectMeta? metadata) =>
        metadata is { Deleting: true, Finalizers.Count: > 0 }
            ? $"Waits for the {kind} {metadata.Name}, which is kept by {List(metadata.Finalizers)}."
            : "";

    /// <summary>Returns when one of the pods becomes overdue; null if none will.</summary>
    public static DateTimeOffset? Deadline(IEnumerable<PodObject> pods, DateTimeOffset now) =>
        pods.Select(p => p.Metadata.DeletionTimestamp + Overdue).Where(at => at > now).Min();

    /// <summary>Describes a node that does not respond.</summary>
    public static string NodeMessage(PodObject pod) =>
        pod.Status is { Reason: "NodeLost", Message.Length: > 0 } status
            ? status.Message
            : $"Node {pod.Spec?.NodeName ?? "(none)"} is not ready: nothing is heard of it.";

    private static string Pod(PodObject pod, DateTimeOffset now)
    {
        var (metadata, status) = (pod.Metadata, pod.Status);
        var words = $"pod {metadata.Name}";
        if (pod.Spec?.NodeName is { Length: > 0 } node)
            words += $" on node {node}";
        if (metadata is { Deleting: true, Finalizers.Count: > 0 })
            return $"{words}, which is kept by {List(metadata.Finalizers)}";
        if (status is { Reason.Length: > 0, Message.Length: > 0 })
            return $"{words} ({status.Reason}: {status.Message.TrimEnd('.')})";
        // The node ends the pod and reports it; a lost node never does.
        return metadata.DeletionTimestamp + Overdue <= now
            ? $"{words}, which should have ended at {Time(metadata.DeletionTimestamp!.Value)}, so its node may be lost"
            : words;
    }

    private static string List(IReadOnlyList<string> finalizers) =>
        $"{(finalizers.Count == 1 ? "finalizer" : "finalizers")} "
        + string.Join(", ", finalizers.Select(f => f == UsedByPod ? $"{f} (a pod still uses it)" : f));

    private static string Time(DateTimeOffset at) =>
        at.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
