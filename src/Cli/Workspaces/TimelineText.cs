using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Workspaces;

/// <summary>Lines of a workspace's story in words.</summary>
internal static class TimelineText
{
    /// <summary>What happened, with its code where something is wrong: "failed (unschedulable)".</summary>
    public static string What(TimelineEntry entry)
    {
        var word = Text.Word(entry.Stage).Replace('-', ' ');
        return entry.Code.Length > 0 ? $"{word} ({entry.Code})" : word;
    }

    /// <summary>All of it in one line: "failed (unschedulable): 0/3 nodes are available".</summary>
    public static string Line(TimelineEntry entry) =>
        entry.Message.Length > 0 ? $"{What(entry)}: {entry.Message}" : What(entry);

    /// <summary>Whether a cluster saw it, rather than that somebody asked for it.</summary>
    public static bool IsSeen(TimelineItem item) =>
        item.Entry.Stage is < TimelineStage.Created or TimelineStage.VolumeCreatedAnew;

    public static string Who(TimelineItem item) => ActorText.Who(item.ActorKind, item.Actor);
}
