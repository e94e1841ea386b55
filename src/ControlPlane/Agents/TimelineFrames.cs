using System.Collections.Immutable;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Workspaces;
using Coder.Mesh.Shared;
using Google.Protobuf.WellKnownTypes;
using Proto = Coder.Mesh.V1;

namespace Coder.Mesh.ControlPlane.Agents;

/// <summary>Reads the timelines of reports.</summary>
internal static class TimelineFrames
{
    public const int MaxId = 64;

    /// <summary>Maximum size of all entries of a report, in bytes.</summary>
    public const int MaxBytes = 32 * 1024;

    /// <exception cref="ProtocolException">There are too many entries, or an entry has no id.</exception>
    public static ImmutableArray<TimelineEntry> Read(
        IReadOnlyCollection<Proto.TimelineEntry> entries,
        DateTimeOffset at
    )
    {
        if (entries.Count > TimelineMemory.MaxEntries)
            throw new ProtocolException(
                $"timeline: must have at most {TimelineMemory.MaxEntries} entries, has {entries.Count}"
            );
        if (entries.Sum(e => e.CalculateSize()) > MaxBytes)
            throw new ProtocolException($"timeline: must have at most {MaxBytes} bytes");
        return [.. entries.Select(e => Read(e, at))];
    }

    private static TimelineEntry Read(Proto.TimelineEntry entry, DateTimeOffset at)
    {
        if (entry.Id.Length is 0 or > MaxId || !CleanText.IsSafe(entry.Id))
            throw new ProtocolException(
                $"timeline.id: must have 1 to {MaxId} characters, none of them a control character"
            );
        return new TimelineEntry(entry.Id, Time(entry.Time) ?? at, Stage(entry.Stage), entry.Code, entry.Message);
    }

    // A newer agent may have further stages; the entry is kept without one.
    private static TimelineStage Stage(Proto.TimelineStage stage) =>
        stage is >= Proto.TimelineStage.Waiting and < Proto.TimelineStage.Notice
            ? System.Enum.Parse<TimelineStage>(stage.ToString())
            : TimelineStage.Notice;

    private static DateTimeOffset? Time(Timestamp? time) =>
        time is not null && MessageRules.Violation(time) is null ? time.ToDateTimeOffset() : null;
}
