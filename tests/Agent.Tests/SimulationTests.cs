using Coder.Mesh.Agent.Configuration;
using Coder.Mesh.Agent.Simulated;
using Coder.Mesh.Agent.Tests.Fakes;
using Coder.Mesh.V1;

namespace Coder.Mesh.Agent.Tests;

public sealed class SimulationTests
{
    private static readonly DateTimeOffset Start = DateTimeOffset.UnixEpoch;

    public static TheoryData<string> Kinds => [.. FailurePlan.Kinds.Keys];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Each_kind_fails_with_its_code_and_words_as_often_as_asked_and_then_works(string kind)
    {
        var rule = new FailureRule
        {
            Kind = kind,
            Name = "name-*",
            Times = 1,
        };
        var cluster = new SimulatedCluster(new SimulatedOptions { Failures = [rule] });

        cluster.Apply(Wishes.Running("w1", 1), Start);
        var failed = Assert.Single(cluster.Step(Start.AddMinutes(1))).Workspace!;
        cluster.Apply(Wishes.Running("w1", 1), Start.AddMinutes(2));
        var works = Assert.Single(cluster.Step(Start.AddMinutes(3))).Workspace!;

        Assert.Equal((WorkspaceState.Failed, kind), (failed.State, failed.Code));
        Assert.Equal($"Simulated: {FailurePlan.Kinds[kind]}", failed.Message);
        Assert.Equal((WorkspaceState.Running, ""), (works.State, works.Code));
        // Which failure it was stays told, and what became of it.
        var told = works.Timeline.Steps;
        var failure = Assert.Single(told, s => s.Stage == TimelineStage.Failed);
        Assert.Equal((failed.Code, failed.Message, Start.AddMinutes(1)), (failure.Code, failure.Message, failure.At));
        Assert.Equal(TimelineStage.Ready, told[^1].Stage);
    }

    [Fact]
    public void A_start_is_told_from_its_volume_to_ready_within_the_time_it_took_and_a_restart_on_the_same_volume()
    {
        var cluster = new SimulatedCluster(new SimulatedOptions());

        var starting = cluster.Apply(Wishes.Running("w1", 1), Start)!;
        var running = Assert.Single(cluster.Step(Start.AddSeconds(5))).Workspace!;
        var wish = Wishes.Running("w1", 2);
        wish.RestartGeneration = 2;
        cluster.Apply(wish, Start.AddMinutes(1));
        var again = Assert.Single(cluster.Step(Start.AddMinutes(2))).Workspace!;

        TimelineStage[] whole =
        [
            TimelineStage.VolumeBound,
            TimelineStage.Scheduled,
            TimelineStage.ImagePulling,
            TimelineStage.ImagePulled,
            TimelineStage.Started,
            TimelineStage.Ready,
        ];
        Assert.Equal([TimelineStage.VolumeBound], starting.Timeline.Steps.Select(s => s.Stage));
        Assert.Equal(whole, running.Timeline.Steps.Select(s => s.Stage));
        Assert.Equal(Enumerable.Range(0, 6).Select(i => Start.AddSeconds(i)), running.Timeline.Steps.Select(s => s.At));
        Assert.Equal(whole, again.Timeline.Steps.Select(s => s.Stage));
        Assert.Equal(
            [running.Timeline.Steps[0].Id],
            running.Timeline.Steps.Select(s => s.Id).Intersect(again.Timeline.Steps.Select(s => s.Id))
        );
    }

    [Fact]
    public void A_cluster_that_lost_its_workspaces_gives_them_other_volumes()
    {
        static string Volume() =>
            new SimulatedCluster(new SimulatedOptions()).Apply(Wishes.Running("w1", 1), Start)!.Timeline.Steps[0].Id;

        Assert.NotEqual(Volume(), Volume());
    }

    [Theory]
    [InlineData("restart", WorkspaceState.Starting)]
    [InlineData("image", WorkspaceState.Starting)]
    [InlineData("disk", WorkspaceState.Running)]
    public void A_restart_or_a_changed_container_starts_anew_and_a_grown_disk_does_not(string what, WorkspaceState then)
    {
        var cluster = new SimulatedCluster(new SimulatedOptions());
        cluster.Apply(Wishes.Running("w1", 1), Start);
        cluster.Step(Start.AddMinutes(1));
        var wish = Wishes.Running("w1", 2);
        if (what == "restart")
            wish.RestartGeneration = 2;
        else if (what == "image")
            wish.Spec.Image += "x";
        else
            wish.Spec.Disk = "99Gi";

        var changed = cluster.Apply(wish, Start.AddMinutes(2))!;
        cluster.Step(Start.AddMinutes(3));
        wish.Generation = 3;
        var again = cluster.Apply(wish, Start.AddMinutes(4))!;

        Assert.Equal((2ul, then), (changed.Generation, changed.State));
        Assert.Equal((3ul, WorkspaceState.Running), (again.Generation, again.State));
    }

    [Fact]
    public void Share_picks_the_same_workspaces_for_a_seed_and_about_as_many_as_asked()
    {
        FailureRule[] rules = [new() { Kind = "crash_loop", Share = 0.2 }];

        bool[] Picked(int seed) =>
            [.. Enumerable.Range(0, 1000).Select(i => FailurePlan.Find(rules, seed, $"w{i}", "n", 0) is not null)];

        Assert.Equal(Picked(1), Picked(1));
        Assert.NotEqual(Picked(1), Picked(2));
        Assert.InRange(Picked(1).Count(p => p), 150, 250);
    }

    [Theory]
    [InlineData("""{ "sed": 1 }""", "$.sed (line 1): there is no such field.")]
    [InlineData("""{ "capacity": -1 }""", "$.capacity must be 0 or more")]
    [InlineData("""{ "failures": [{ "kind": "nonsense" }] }""", "$.failures[0].kind must be one of")]
    [InlineData("""{ "failures": [{ "kind": "crash_loop", "share": 2 }] }""", "$.failures[0].share must be")]
    [InlineData("""{ "failures": [{ "kind": "crash_loop", "times": 0 }] }""", "$.failures[0].times must be")]
    [InlineData("""{ "seed": "x" }""", "$.seed")]
    public void Bad_script_is_refused_with_file_field_and_rule(string json, string part)
    {
        var file = Path.GetTempFileName();
        File.WriteAllText(file, json);
        var errors = new List<string>();

        Assert.Null(SimulationFile.Read(file, "--simulate", errors));

        Assert.Contains(file, Assert.Single(errors), StringComparison.Ordinal);
        Assert.Contains(part, errors[0], StringComparison.Ordinal);
    }
}
