using Coder.Mesh.ControlPlane.Workspaces;
using Coder.Mesh.V1;
using Google.Protobuf.WellKnownTypes;
using JasperFx.Events;
using Stage = Coder.Mesh.V1.TimelineStage;
using WorkspaceDetails = Coder.Mesh.ControlPlane.Providers.WorkspaceDetails;

namespace Coder.Mesh.ControlPlane.History;

/// <summary>Describes events of a workspace as timeline items. Pure functions.</summary>
internal static class TimelineText
{
    private const string RestoredFromAnOlderCopy =
        "The control plane was restored from an older copy and continues from what the cluster has.";

    /// <summary>Whether the event begins a part of the timeline: the following events are its consequences.</summary>
    public static bool BeginsPart(object change) =>
        change is not WorkspaceObserved { State: not ObservedState.Deleted };

    /// <param name="before">State of the workspace before the event.</param>
    /// <param name="last">Last generation of the workspace, which is that of its end.</param>
    public static IEnumerable<TimelineItem> Of(IEvent stored, TimelineState before, long last) =>
        stored.Data switch
        {
            WorkspaceCreated e => [Item(stored, 1, Stage.Created, $"image {e.Spec.Image}")],
            WorkspaceAdopted e => [Item(stored, e.Generation, Stage.Adopted)],
            OrphanRemovalRequested e => [Item(stored, e.Generation, Stage.DeleteRequested)],
            WorkspaceStartRequested e => [Item(stored, e.Generation, Stage.StartRequested, Details(before, e.Details))],
            WorkspaceRestartRequested e =>
            [
                Item(stored, e.Generation, Stage.RestartRequested, Details(before, e.Details)),
            ],
            WorkspaceOwnerEmailChanged e => [EmailChanged(stored, before, e)],
            WorkspaceSpecChanged e => [SpecChanged(stored, before, e)],
            WorkspaceStopRequested e => [Item(stored, e.Generation, Stage.StopRequested)],
            WorkspaceDeleteRequested e => [Item(stored, e.Generation, Stage.DeleteRequested)],
            DesiredStateRepeated e => [Repeated(stored, e)],
            WorkspaceLost e => [Item(stored, last, Stage.Lost, e.Reason)],
            GenerationRaised e => [Item(stored, e.Generation, Stage.Notice, RestoredFromAnOlderCopy)],
            WorkspaceObserved { State: ObservedState.Deleted } e =>
            [
                .. Seen(stored, e),
                Item(stored, e.Generation, Stage.Deleted),
            ],
            WorkspaceObserved e => Seen(stored, e),
            _ => throw new ArgumentOutOfRangeException(nameof(stored), stored.Data.GetType(), "no story of this event"),
        };

    private static TimelineItem EmailChanged(IEvent stored, TimelineState before, WorkspaceOwnerEmailChanged e) =>
        Item(
            stored,
            e.Generation,
            Stage.UpdateRequested,
            before.OwnerEmail is { } email
                ? Differences.Of("owner's e-mail address", email, e.OwnerEmail)
                : $"owner's e-mail address: {e.OwnerEmail}",
            $"wish/owner-email/{stored.Version}"
        );

    private static TimelineItem SpecChanged(IEvent stored, TimelineState before, WorkspaceSpecChanged e) =>
        Item(
            stored,
            e.Generation,
            Stage.UpdateRequested,
            Differences.Join([
                .. before.Spec is { } spec ? Differences.Of(spec, e.Spec) : [],
                e.TakesOwnership ? "fields that other field managers hold are taken over" : "",
            ])
        );

    private static TimelineItem Repeated(IEvent stored, DesiredStateRepeated e) =>
        Item(
            stored,
            e.Generation,
            e.Desired switch
            {
                DesiredState.Running => Stage.StartRequested,
                DesiredState.Stopped => Stage.StopRequested,
                _ => Stage.DeleteRequested,
            },
            "Requested again, because the cluster differs from it.",
            $"wish/again/{stored.Version}"
        );

    private static string Details(TimelineState before, WorkspaceDetails? details) =>
        before.Details is { } known && details is not null ? Differences.Join(Differences.Of(known, details)) : "";

    private static IEnumerable<TimelineItem> Seen(IEvent stored, WorkspaceObserved report) =>
        report.Timeline.Select(entry =>
            Item(
                stored,
                report.Generation,
                new Coder.Mesh.V1.TimelineEntry
                {
                    Id = entry.Id,
                    Time = Timestamp.FromDateTimeOffset(entry.At),
                    Stage = System.Enum.Parse<Stage>(entry.Stage.ToString()),
                    Code = entry.Code,
                    Message = entry.Message,
                }
            )
        );

    private static TimelineItem Item(
        IEvent stored,
        long generation,
        Stage stage,
        string message = "",
        string? id = null
    ) =>
        Item(
            stored,
            generation,
            new Coder.Mesh.V1.TimelineEntry
            {
                Id = id ?? $"wish/{stage}",
                Time = Timestamp.FromDateTimeOffset(stored.Timestamp),
                Stage = stage,
                Message = message,
            }
        );

    private static TimelineItem Item(IEvent stored, long generation, Coder.Mesh.V1.TimelineEntry entry)
    {
        var (kind, id) = stored.ActorOf();
        return new()
        {
            Generation = (ulong)generation,
            Actor = stored.UserName ?? "",
            ActorKind = kind,
            ActorId = id,
            Entry = entry,
        };
    }
}
