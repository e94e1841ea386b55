using System.Collections.Immutable;
using System.Text.Json;
using Coder.Mesh.ControlPlane.Api;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.History;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Tests.History;
using Coder.Mesh.ControlPlane.Tests.Providers;
using Coder.Mesh.ControlPlane.Workspaces;
using JasperFx.Events;

namespace Coder.Mesh.ControlPlane.Tests.Workspaces;

/// <summary>What is stored of the timelines that agents report.</summary>
public sealed class TimelineMemoryTests
{
    private static readonly DateTimeOffset At = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly WorkspaceSpec Spec = new("image", "1", "1Gi", "1Gi", []);

    [Fact]
    public void Each_happening_is_stored_once_whoever_tells_it_again()
    {
        var state = Created();

        state = After(state, Report(1, 1, 1, ["a"]), ["a"]);
        state = After(state, Report(1, 1, 2, ["a", "b", "b"]), ["b"]);
        Assert.Empty(Events(state, Report(1, 1, 3, ["a", "b"])));
        // A later session, and a restarted agent, tell all that they find.
        Assert.Empty(Events(state, Report(2, 1, 1, ["a", "b"])));
    }

    [Fact]
    public void A_pod_that_outlives_a_wish_is_not_told_again()
    {
        var state = After(Created(), Report(1, 1, 1, ["pod/ready"]), ["pod/ready"]);
        state = Fold(state, new WorkspaceSpecChanged(Spec, 2, "", At));

        After(state, Report(1, 2, 2, ["pod/ready", "2/x"]), ["2/x"]);
    }

    [Fact]
    public void More_on_the_way_to_the_same_state_is_stored_and_the_state_is_as_old_as_before()
    {
        var state = After(Created(), Report(1, 1, 1, ["a"]), ["a"]);

        var later = After(state, Report(1, 1, 2, ["a", "b"]) with { At = At.AddMinutes(5) }, ["b"]);

        Assert.Equal((state.StateAt, 2), (later.StateAt, later.ObservedVersion));
    }

    [Fact]
    public void R8_a_stale_report_adds_nothing_to_the_timeline()
    {
        var state = After(Created(), Report(3, 1, 5, ["a"]), ["a"]);

        Assert.Empty(Events(state, Report(2, 1, 9, ["b"])));
        Assert.Empty(Events(state, Report(3, 1, 4, ["b"])));
        Assert.Empty(Events(state, Report(3, 1, 9, ["b"]) with { ProviderId = "other" }));
    }

    [Fact]
    public void The_story_of_an_older_wish_is_over()
    {
        var state = Fold(Created(), new WorkspaceStopRequested(2, "", At));
        state = After(state, Report(1, 2, 1, ["2/stopped"]), ["2/stopped"]);

        var seen = Assert.IsType<WorkspaceObserved>(Assert.Single(Events(state, Report(2, 1, 1, ["late"]))));

        Assert.Empty(seen.Timeline);
    }

    [Fact]
    public void A_generation_has_at_most_a_hundred_entries_the_last_of_which_says_that_there_was_more()
    {
        var state = Created();
        for (var i = 0; i < 60; i++)
            state = Fold(state, Events(state, Report(1, 1, i + 1, [$"{i}/a", $"{i}/b"])).SingleOrDefault());
        var all = state.Timeline;
        state = Fold(state, new WorkspaceRestartRequested(2, "", At));

        Assert.Equal(TimelineMemory.MaxEntries, all.Count);
        Assert.Equal("full", all.Ids[^1]);
        Assert.Empty(all.News(1, [Entry("more")]));
        After(state, Report(1, 2, 99, ["new", "full"]), ["new", "full"]);
    }

    [Fact]
    public void What_is_remembered_is_bounded_over_all_generations()
    {
        var state = Created();
        for (var generation = 2; generation < 60; generation++)
        {
            state = Fold(state, new WorkspaceRestartRequested(generation, "", At));
            string[] ids = [.. Enumerable.Range(0, 7).Select(i => $"{generation}/{i}")];
            state = After(state, Report(1, generation, generation, ids), ids);
        }

        Assert.Equal((TimelineMemory.MaxEntries, 7), (state.Timeline.Ids.Length, state.Timeline.Count));
        Assert.Equal("59/6", state.Timeline.Ids[^1]);
    }

    [Fact]
    public void Another_volume_than_before_is_never_silent()
    {
        var state = After(Created(), Bound(1, 1, "c1/volume_bound"), ["c1/volume_bound"]);
        state = Fold(state, new WorkspaceRestartRequested(2, "", At));
        Assert.Empty(Told(Events(state, Bound(2, 2, "c1/volume_bound"))));

        var anew = Told(Events(state, Bound(2, 2, "c2/volume_bound")));

        Assert.Equal([TimelineStage.VolumeCreatedAnew, TimelineStage.VolumeBound], anew.Select(e => e.Stage));
        Assert.Contains("disk is empty", anew[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_workspace_keeps_the_time_at_which_its_volume_was_last_another_one()
    {
        var first = After(Created(), Bound(1, 1, "c1/volume_bound"), ["c1/volume_bound"]);
        var second = Fold(first, Events(first, Bound(1, 2, "c2/volume_bound")).Single());
        var restarted = Fold(second, new WorkspaceRestartRequested(2, "", At));
        var same = Fold(restarted, Events(restarted, Bound(2, 3, "c2/volume_bound")).Single());
        var later = Bound(2, 4, "c3/volume_bound") with { At = At.AddHours(1) };
        var third = Fold(same, Events(same, later).Single());

        Assert.Equal(
            [null, At, At, At, At.AddHours(1)],
            new[] { first, second, restarted, same, third }.Select(w => w.VolumeCreatedAnewAt)
        );
    }

    [Fact]
    public void Events_and_snapshots_from_before_timelines_are_read()
    {
        var seen = JsonSerializer.Deserialize<WorkspaceObserved>(
            """{"Epoch":1,"Generation":1,"Version":1,"State":4,"Code":"","Message":"","At":"2026-01-01T00:00:00+00:00"}"""
        )!;
        var node = JsonSerializer.SerializeToNode(Created())!.AsObject();
        Assert.True(node.Remove(nameof(Workspace.Timeline)));
        var before = node.Deserialize<Workspace>()!;

        Assert.Empty(seen.Timeline);
        Assert.Equal(TimelineMemory.Empty, Fold(before, seen).Timeline);
    }

    [Fact]
    public void Every_event_of_a_workspace_has_its_place_in_the_story()
    {
        var told = EventNames.All.Where(n => n.Key.BaseType == typeof(WorkspaceEvent)).ToList();

        Assert.NotEmpty(told);
        Assert.All(
            told,
            n =>
            {
                var items = TimelineText.Of(Stored((WorkspaceEvent)Make(n.Key)), TimelineState.Unknown, 3).ToList();
                // What was seen is told by its own entries, which this one has none of.
                Assert.Equal(n.Key == typeof(WorkspaceObserved), items.Count == 0);
                Assert.All(items, item => HistoryTests.AssertForPeople(item.Entry.Message, n));
            }
        );
        Assert.All(
            Enum.GetNames<TimelineStage>(),
            stage => Assert.True(Enum.TryParse<Coder.Mesh.V1.TimelineStage>(stage, out _), stage)
        );
    }

    [Fact]
    public void A_story_says_from_what_to_what()
    {
        var spec = Spec with
        {
            Image = "other",
            Disk = "20Gi",
            Env = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal).Add("A", "1"),
        };
        var details = new WorkspaceDetails { Affinity = "{}" };
        WorkspaceEvent[] story =
        [
            new WorkspaceCreated("w", "o", "me", "dev", "p", Spec, "", "", At),
            new WorkspaceSpecChanged(spec, 2, "", At),
            new WorkspaceSpecChanged(spec with { Env = spec.Env.SetItem("A", "") }, 3, "", At),
            new WorkspaceOwnerEmailChanged("me@example.com", 4, At),
            new WorkspaceRestartRequested(5, "", At) { Details = details },
            new WorkspaceStartRequested(6, "", At) { Details = details },
        ];

        var state = TimelineState.Unknown;
        var told = new List<string>();
        foreach (var change in story)
        {
            told.AddRange(TimelineText.Of(Stored(change), state, 6).Select(i => i.Entry.Message));
            state = state.After(change);
        }

        Assert.Equal(
            [
                $"image {Spec.Image}",
                $"image: {Spec.Image} → other; disk: {Spec.Disk} → 20Gi; environment A: none → 1",
                "environment A: 1 → \"\"",
                "owner's e-mail address: none → me@example.com",
                "affinity: the default → {}",
                "",
            ],
            told
        );
    }

    private static Event<WorkspaceEvent> Stored(WorkspaceEvent change) => new(change) { Timestamp = At };

    /// <summary>An event with something harmless in each place.</summary>
    private static object Make(Type type)
    {
        var constructor = type.GetConstructors()[0];
        return constructor.Invoke([
            .. constructor
                .GetParameters()
                .Select(p =>
                    p.ParameterType == typeof(string) ? "x"
                    : p.ParameterType == typeof(WorkspaceSpec) ? Spec
                    : Activator.CreateInstance(p.ParameterType)!
                ),
        ]);
    }

    private static Workspace Created() =>
        Fold(null, new WorkspaceCreated("w", "o", "me", "dev", "p", Spec, "", "", At));

    private static ObserveWorkspace Report(long epoch, long generation, long version, string[] ids) =>
        new("p", epoch, generation, version, ObservedState.Starting, "", "", At)
        {
            Timeline = [.. ids.Select(id => Entry(id))],
        };

    private static ObserveWorkspace Bound(long generation, long version, string id) =>
        Report(1, generation, version, []) with
        {
            Timeline = [Entry(id, TimelineStage.VolumeBound)],
        };

    private static TimelineEntry Entry(string id, TimelineStage stage = TimelineStage.Notice) =>
        new(id, At, stage, "", "");

    private static ImmutableArray<TimelineEntry> Told(IReadOnlyList<WorkspaceEvent> events) =>
        Assert.IsType<WorkspaceObserved>(Assert.Single(events)).Timeline;

    private static IReadOnlyList<WorkspaceEvent> Events(Workspace state, WorkspaceCommand command) =>
        WorkspaceDecider.Decide(state, command).Events;

    private static Workspace After(Workspace state, ObserveWorkspace report, string[] stored)
    {
        var events = Events(state, report);
        Assert.Equal(stored, Told(events).Select(e => e.Id));
        return Fold(state, events[0]);
    }

    private static Workspace Fold(Workspace? state, WorkspaceEvent? change) =>
        change is null ? state! : Workspace.Fold(state, "workspace-w", change)!;
}
