using System.Text.Json.Nodes;
using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Tests.Support.Kubernetes;
using Coder.Mesh.V1;

namespace Coder.Mesh.Kubernetes.Tests;

/// <summary>What happens to workspaces on a real API server, with its own controllers and scheduler.</summary>
public sealed class TimelineTests(ControlPlaneFixture fixture)
{
    private static readonly TimelineStage[] Whole =
    [
        TimelineStage.VolumeBound,
        TimelineStage.Scheduled,
        TimelineStage.ImagePulling,
        TimelineStage.ImagePulled,
        TimelineStage.Started,
        TimelineStage.Ready,
    ];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>Failures that the cluster's own parts make, and those that a kubelet would.</summary>
    public static TheoryData<string, string, string> Failures { get; } =
        new()
        {
            { "no room", "unschedulable", "Insufficient cpu" },
            { "quota", "quota_exceeded", "exceeded quota: none" },
            { "admission", "limit_exceeded", "maximum cpu usage per Container is 10m" },
            { "no storage class", "storage_class_missing", "storageclass.storage.k8s.io \"absent\" not found" },
            { "image", "image_pull_failed", "Back-off pulling image" },
            { "crash", "crash_loop", "exit code 3" },
            { "memory", "oom_killed", "exit code 137 (OOMKilled)" },
        };

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task Each_failure_is_a_state_and_a_step_with_its_code_and_the_clusters_words(
        string what,
        string code,
        string words
    )
    {
        await using var ns = await NewNamespace();
        var desired = TestDriver.Desired(TestDriver.NewId());
        await Stage(ns, desired, what);
        await using var driver = new TestDriver(ns, pendingTimeout: TimeSpan.FromSeconds(1)).Watching();

        await driver.Apply(desired, Ct);
        var failed = await driver.Sink.Until(desired.WorkspaceId, WorkspaceState.Failed, w => w.Code == code, Ct);

        Assert.Contains(words, failed.Message, StringComparison.Ordinal);
        var step = Assert.Single(failed.Timeline.Steps, s => s.Stage == TimelineStage.Failed && s.Code == code);
        Assert.Contains(words, step.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(failed.Timeline.Steps, s => s.Stage == TimelineStage.Ready);
    }

    [Fact]
    public async Task A_restarted_agent_finds_the_same_happenings()
    {
        await using var ns = await NewNamespace();
        await (await fixture.Get()).Kubelet.Play(ns, PodPlay.RunAndTell, Ct);
        await using var first = new TestDriver(ns).Watching();
        var id = TestDriver.NewId();
        await first.Apply(TestDriver.Desired(id), Ct);
        var before = await Complete(first, id);

        await using var second = new TestDriver(ns) { Identity = first.Identity }.Watching();
        var after = await Complete(second, id);

        Assert.Equal(Ids(before), Ids(after));
        Assert.Equal(
            before.Where(s => s.Stage != TimelineStage.VolumeBound),
            after.Where(s => s.Stage != TimelineStage.VolumeBound)
        );

        static IEnumerable<string> Ids(IEnumerable<TimelineStep> steps) => steps.Select(s => s.Id).Order();
    }

    [Fact]
    public async Task A_restart_is_told_of_the_new_pod_alone()
    {
        await using var ns = await NewNamespace();
        await (await fixture.Get()).Kubelet.Play(ns, PodPlay.RunAndTell, Ct);
        await using var driver = new TestDriver(ns).Watching();
        var desired = TestDriver.Desired(TestDriver.NewId());
        await driver.Apply(desired, Ct);
        var before = await Complete(driver, desired.WorkspaceId);

        desired.Generation = desired.RestartGeneration = 2;
        await driver.Apply(desired, Ct);
        var after = await Complete(driver, desired.WorkspaceId, generation: 2);

        var same = before.Select(s => s.Id).Intersect(after.Select(s => s.Id));
        Assert.Equal([before.Single(s => s.Stage == TimelineStage.VolumeBound).Id], same);
    }

    [Fact]
    public async Task An_evicted_pod_is_told_and_its_successor_becomes_ready()
    {
        await using var ns = await NewNamespace();
        await using var driver = new TestDriver(ns).Watching();
        var id = TestDriver.NewId();
        await driver.Apply(TestDriver.Desired(id), Ct);
        await driver.Sink.Until(id, WorkspaceState.Running, Ct);
        var pod = Assert.Single(await ns.List("pods", Ct))["metadata"]!["name"]!.GetValue<string>();
        var evicted = JsonNode.Parse(
            """{"status":{"phase":"Failed","reason":"Evicted","message":"The node was low on resource: memory.","conditions":null,"containerStatuses":null}}"""
        )!;

        await (await fixture.Get()).Admin.Patch($"{ns.Path("pods", pod)}/status", evicted, Ct);
        var after = await driver.Sink.Until(
            id,
            WorkspaceState.Running,
            w => w.Timeline.Steps.Any(s => s.Code == "evicted"),
            Ct
        );

        var end = Assert.Single(after.Timeline.Steps, s => s.Stage == TimelineStage.Ended);
        Assert.Equal("Evicted: The node was low on resource: memory.", end.Message);
        Assert.Equal(2, after.Timeline.Steps.Count(s => s.Stage == TimelineStage.Ready));
    }

    [Fact]
    public async Task An_agent_that_may_not_read_events_works_and_tells_what_the_objects_tell()
    {
        await using var ns = await (await fixture.Get()).CreateNamespace(
            name => TestDriver.Rules(name).Where(r => r.Resource != "events"),
            Ct
        );
        await using var driver = new TestDriver(ns).Watching();
        var id = TestDriver.NewId();

        await driver.Apply(TestDriver.Desired(id), Ct);
        var running = await driver.Sink.Until(id, WorkspaceState.Running, Ct);

        Assert.Equal(
            Whole.Except([TimelineStage.ImagePulling, TimelineStage.ImagePulled]),
            running.Timeline.Steps.Select(s => s.Stage).Order()
        );
    }

    [Fact]
    public async Task Two_hundred_at_once_come_to_run_each_with_its_whole_timeline()
    {
        await using var ns = await NewNamespace();
        await (await fixture.Get()).Kubelet.Play(ns, PodPlay.RunAndTell, Ct);
        await using var driver = new TestDriver(ns).Watching();
        string[] ids = [.. Enumerable.Range(0, 200).Select(_ => TestDriver.NewId())];

        await Parallel.ForEachAsync(
            ids,
            new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = Ct },
            async (id, ct) =>
            {
                var desired = TestDriver.Desired(id);
                (desired.Spec.Cpu, desired.Spec.Memory) = ("10m", "10Mi");
                await driver.Apply(desired, ct);
            }
        );
        var told = await Task.WhenAll(ids.Select(id => Complete(driver, id)));

        Assert.All(told, steps => Assert.Equal(steps.Count, steps.Select(s => s.Id).Distinct().Count()));
        Assert.All(told, steps => Assert.DoesNotContain(steps, s => s.Stage == TimelineStage.Failed));
    }

    private static async Task<IReadOnlyList<TimelineStep>> Complete(TestDriver driver, string id, ulong generation = 1)
    {
        var running = await driver.Sink.Until(
            id,
            WorkspaceState.Running,
            w => w.Generation == generation && Whole.All(stage => w.Timeline.Steps.Any(s => s.Stage == stage)),
            Ct
        );
        // With no provisioner of its own this cluster may say of a volume that it waits, or be too quick for that.
        return [.. running.Timeline.Steps.Where(s => s.Stage != TimelineStage.Waiting)];
    }

    private async Task Stage(TestNamespace ns, Agent.V1.WorkspaceDesired desired, string what)
    {
        var cluster = await fixture.Get();
        switch (what)
        {
            case "no room":
                desired.Spec.Cpu = "1000";
                break;
            case "no storage class":
                desired.StorageClass = KubernetesControlPlane.AbsentStorageClass;
                break;
            case "quota":
                await Create("resourcequotas", """{"kind":"ResourceQuota","spec":{"hard":{"pods":"0"}}}""");
                break;
            case "admission":
                await Create(
                    "limitranges",
                    """{"kind":"LimitRange","spec":{"limits":[{"type":"Container","max":{"cpu":"10m"}}]}}"""
                );
                break;
            default:
                var play = what switch
                {
                    "image" => PodPlay.FailImagePull,
                    "crash" => PodPlay.CrashLoop,
                    _ => PodPlay.RunOutOfMemory,
                };
                await cluster.Kubelet.Play(ns, play, Ct);
                break;
        }

        async Task Create(string resource, string body)
        {
            var item = JsonNode.Parse(body)!;
            item["apiVersion"] = "v1";
            item["metadata"] = new JsonObject { ["name"] = "none" };
            await cluster.Admin.Create(ns.Path(resource), item, Ct);
            await WatchTests.UntilPodsAreRefused(cluster.Admin, ns);
        }
    }

    private async Task<TestNamespace> NewNamespace() =>
        await (await fixture.Get()).CreateNamespace(TestDriver.Rules, Ct);
}
