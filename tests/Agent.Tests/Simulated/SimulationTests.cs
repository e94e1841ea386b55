using Coder.Mesh.Agent.Simulated;
using Coder.Mesh.Agent.Tests.Fakes;
using Coder.Mesh.V1;
using Microsoft.Extensions.Time.Testing;

namespace Coder.Mesh.Agent.Tests.Simulated;

public sealed class SimulationTests
{
    private static readonly DateTimeOffset Start = DateTimeOffset.UnixEpoch;

    private readonly FakeTimeProvider _time = new(Start);

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
        var cluster = Cluster(new SimulatedOptions { Failures = [rule] });

        cluster.Apply(DesiredStates.Running("w1", 1), Start);
        var failed = Assert.Single(cluster.Step(Start.AddMinutes(1))).Workspace!;
        cluster.Apply(DesiredStates.Running("w1", 1), Start.AddMinutes(2));
        var works = Assert.Single(cluster.Step(Start.AddMinutes(3))).Workspace!;

        var (state, stage) = FailurePlan.MayPass(kind)
            ? (WorkspaceState.Starting, TimelineStage.Waiting)
            : (WorkspaceState.Failed, TimelineStage.Failed);
        Assert.Equal((state, kind), (failed.State, failed.Code));
        Assert.Equal($"Simulated: {FailurePlan.Kinds[kind]}", failed.Message);
        Assert.Equal((WorkspaceState.Running, ""), (works.State, works.Code));
        // Which failure it was stays told, and what became of it.
        var told = works.Timeline.Steps;
        var failure = Assert.Single(told, s => s.Stage == stage);
        Assert.Equal((failed.Code, failed.Message, Start.AddMinutes(1)), (failure.Code, failure.Message, failure.At));
        Assert.Equal(TimelineStage.Ready, told[^1].Stage);
    }

    [Fact]
    public void A_start_is_told_from_its_volume_to_ready_within_the_time_it_took_and_a_restart_on_the_same_volume()
    {
        var cluster = Cluster(new SimulatedOptions());

        var starting = cluster.Apply(DesiredStates.Running("w1", 1), Start)!;
        var running = Assert.Single(cluster.Step(Start.AddSeconds(5))).Workspace!;
        var wish = DesiredStates.Running("w1", 2);
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
        string Volume() =>
            Cluster(new SimulatedOptions()).Apply(DesiredStates.Running("w1", 1), Start)!.Timeline.Steps[0].Id;

        Assert.NotEqual(Volume(), Volume());
    }

    [Theory]
    [InlineData("restart", WorkspaceState.Starting)]
    [InlineData("image", WorkspaceState.Starting)]
    [InlineData("disk", WorkspaceState.Running)]
    public void A_restart_or_a_changed_container_starts_anew_and_a_grown_disk_does_not(string what, WorkspaceState then)
    {
        var cluster = Cluster(new SimulatedOptions());
        cluster.Apply(DesiredStates.Running("w1", 1), Start);
        cluster.Step(Start.AddMinutes(1));
        var wish = DesiredStates.Running("w1", 2);
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
            [
                .. Enumerable
                    .Range(0, 1000)
                    .Select(i => FailurePlan.Find(rules, seed, $"w{i}", "n", 0, 0, TimeSpan.Zero) is not null),
            ];

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
    [InlineData("""{ "failures": [{ "kind": "crash_loop", "after": -1 }] }""", "$.failures[0].after must be")]
    [InlineData("""{ "failures": [{ "kind": "crash_loop", "from": "x" }] }""", "$.failures[0].from must be a time")]
    [InlineData("""{ "delays": { "start": "9s..2s" } }""", "$.delays.start must be a time or a range")]
    [InlineData("""{ "api": [{ "kind": "lazy" }] }""", "$.api[0].kind must be one of")]
    [InlineData("""{ "api": [{ "kind": "slow" }] }""", "$.api[0].delay must be a time")]
    [InlineData("""{ "conditions": [{ "type": "X", "code": "y" }] }""", "$.conditions[0].type must be one of")]
    [InlineData("""{ "conditions": [{ "type": "NamespaceReady" }] }""", "$.conditions[0].code must not be empty")]
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

    [Fact]
    public void Missing_script_is_named()
    {
        var errors = new List<string>();

        Assert.Null(SimulationFile.Read("/nonexistent/script.json", "--simulate", errors));

        Assert.Contains("/nonexistent/script.json can't be read", Assert.Single(errors), StringComparison.Ordinal);
    }

    [Fact]
    public void Script_in_the_documentation_is_one()
    {
        var page = File.ReadAllText(Path.Combine(Repository, "docs", "simulated.md"));
        var file = Path.GetTempFileName();
        File.WriteAllText(file, page.Split("```json")[1].Split("```")[0]);
        var errors = new List<string>();

        var script = SimulationFile.Read(file, "--simulate", errors);

        Assert.Empty(errors);
        Assert.NotEmpty(script!.Failures);
        Assert.NotEmpty(script.Api);
        Assert.NotEmpty(script.Conditions);
        Assert.Equal("2s..10s", script.Delays.Start);
    }

    [Fact]
    public void Delays_are_each_workspaces_own_whatever_the_order()
    {
        var options = new SimulatedOptions { Delays = new() { Start = "2s..10s" } };
        string[] ids = ["a", "b", "c", "d", "e", "f"];

        Dictionary<string, DateTimeOffset> Running(IEnumerable<string> order)
        {
            var cluster = Cluster(options);
            foreach (var id in order)
                cluster.Apply(DesiredStates.Running(id, 1), Start);
            var running = new Dictionary<string, DateTimeOffset>();
            while (cluster.NextStep is { } next)
                foreach (var (id, _) in cluster.Step(next))
                    running[id] = next;
            return running;
        }

        var forth = Running(ids);

        Assert.Equal(forth.OrderBy(r => r.Key), Running(ids.Reverse()).OrderBy(r => r.Key));
        Assert.All(forth.Values, at => Assert.InRange(at, Start.AddSeconds(2), Start.AddSeconds(10)));
        Assert.Equal(ids.Length, forth.Values.Distinct().Count());
    }

    [Fact]
    public void Full_cluster_waits_in_the_schedulers_words_and_takes_the_first_when_there_is_room()
    {
        var cluster = Cluster(new SimulatedOptions { Capacity = 1 });
        cluster.Apply(DesiredStates.Running("w1", 1), Start);
        cluster.Step(Start.AddMinutes(1));
        cluster.Apply(DesiredStates.Running("w2", 1), Start.AddMinutes(2));
        cluster.Apply(DesiredStates.Running("w3", 1), Start.AddMinutes(3));
        var full = cluster.Step(Start.AddMinutes(4));

        Assert.All(
            full,
            f => Assert.Equal((WorkspaceState.Starting, "unschedulable"), (f.Workspace!.State, f.Workspace.Code))
        );
        Assert.Contains("0/1 nodes are available", full[0].Workspace!.Message, StringComparison.Ordinal);
        Assert.Equal(Start.AddMinutes(14), cluster.NextStep);

        cluster.Remove("w1", Start.AddMinutes(5));
        cluster.Step(Start.AddMinutes(6));
        var taken = Assert.Single(cluster.Step(Start.AddMinutes(7)));

        Assert.Equal(("w2", WorkspaceState.Running, ""), (taken.Id, taken.Workspace!.State, taken.Workspace.Code));
        Assert.Equal(Start.AddMinutes(14), cluster.NextStep);
    }

    [Fact]
    public void What_waits_for_room_for_too_long_is_failed_and_still_runs_once_there_is_room()
    {
        var cluster = Cluster(new SimulatedOptions { Capacity = 1 });
        cluster.Apply(DesiredStates.Running("w1", 1), Start);
        cluster.Step(Start.AddMinutes(1));
        cluster.Apply(DesiredStates.Running("w2", 1), Start.AddMinutes(2));
        cluster.Step(Start.AddMinutes(3));

        var failed = Assert.Single(cluster.Step(Start.AddMinutes(13))).Workspace!;

        Assert.Equal((WorkspaceState.Failed, "unschedulable"), (failed.State, failed.Code));
        Assert.EndsWith("(for longer than 10m)", failed.Message, StringComparison.Ordinal);
        Assert.Equal(
            [TimelineStage.Waiting, TimelineStage.Failed],
            failed.Timeline.Steps.Where(s => s.Code == "unschedulable").Select(s => s.Stage)
        );
        Assert.Null(cluster.NextStep);
        cluster.Remove("w1", Start.AddMinutes(20));
        cluster.Step(Start.AddMinutes(21));
        Assert.Equal(WorkspaceState.Running, Assert.Single(cluster.Step(Start.AddMinutes(22))).Workspace!.State);
    }

    [Theory]
    [InlineData("image_pull_failed", true)]
    [InlineData("quota_exceeded", true)]
    [InlineData("unschedulable", true)]
    [InlineData("container_failed", false)]
    [InlineData("crash_loop", false)]
    [InlineData("oom_killed", false)]
    [InlineData("pod_refused", false)]
    public void A_failure_that_may_pass_is_one_after_a_time_and_another_at_once(string kind, bool waits)
    {
        var cluster = Cluster(new SimulatedOptions { Failures = [new() { Kind = kind }] });
        cluster.Apply(DesiredStates.Running("w1", 1), Start);

        var first = Assert.Single(cluster.Step(Start.AddMinutes(1))).Workspace!;
        var later = cluster.Step(Start.AddMinutes(11)).SingleOrDefault().Workspace;

        Assert.Equal((waits ? WorkspaceState.Starting : WorkspaceState.Failed, kind), (first.State, first.Code));
        Assert.Equal(waits, later is { State: WorkspaceState.Failed } && later.Code == kind);
    }

    [Theory]
    [InlineData(0, WorkspaceState.Running)]
    [InlineData(40, WorkspaceState.Failed)]
    [InlineData(70, WorkspaceState.Running)]
    public void Failure_holds_from_and_until_the_times_it_names(int at, WorkspaceState then)
    {
        FailureRule rule = new()
        {
            Kind = "crash_loop",
            From = "30s",
            Until = "1m",
        };
        var cluster = Cluster(new SimulatedOptions { Failures = [rule] });
        _time.Advance(TimeSpan.FromSeconds(at));

        cluster.Apply(DesiredStates.Running("w1", 1), Start);

        Assert.Equal(then, Assert.Single(cluster.Step(Start.AddMinutes(2))).Workspace!.State);
    }

    [Fact]
    public void Failure_can_begin_after_a_number_of_starts()
    {
        var cluster = Cluster(new SimulatedOptions { Failures = [new() { Kind = "oom_killed", After = 1 }] });

        WorkspaceState Begin(ulong generation)
        {
            var wish = DesiredStates.Running("w1", generation);
            wish.RestartGeneration = generation;
            cluster.Apply(wish, Start.AddMinutes(generation));
            return Assert.Single(cluster.Step(Start.AddMinutes(generation + 0.5))).Workspace!.State;
        }

        Assert.Equal([WorkspaceState.Running, WorkspaceState.Failed], [Begin(1), Begin(2)]);
    }

    private SimulatedCluster Cluster(SimulatedOptions options) => new(options, new StagedApi(options, _time));

    private static string Repository
    {
        get
        {
            var at = new DirectoryInfo(AppContext.BaseDirectory);
            while (!File.Exists(Path.Combine(at.FullName, "build.sh")))
                at = at.Parent!;
            return at.FullName;
        }
    }
}
