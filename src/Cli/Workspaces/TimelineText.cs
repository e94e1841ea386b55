using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Workspaces;

/// <summary>Formats timeline entries.</summary>
internal static class TimelineText
{
    /// <summary>Formats the stage, with its code if there is a problem: "failed (unschedulable)".</summary>
    public static string What(TimelineEntry entry)
    {
        var word = Text.Word(entry.Stage).Replace('-', ' ');
        return entry.Code.Length > 0 ? $"{word} ({entry.Code})" : word;
    }

    /// <summary>Formats an entry on one line: "failed (unschedulable): 0/3 nodes are available".</summary>
    public static string Line(TimelineEntry entry) =>
        entry.Message.Length > 0 ? $"{What(entry)}: {entry.Message}" : What(entry);

    /// <summary>Tells whether an entry was observed in the cluster, rather than requested.</summary>
    public static bool IsSeen(TimelineItem item) =>
        item.Entry.Stage is < TimelineStage.Created or TimelineStage.VolumeCreatedAnew;

    public static string Who(TimelineItem item) => ActorText.Who(item.ActorKind, item.Actor);
}
