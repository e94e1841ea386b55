using System.Net;
using System.Text.Json.Nodes;
using Coder.Mesh.Tests.Support.Kubernetes;
using Coder.Mesh.V1;

namespace Coder.Mesh.Kubernetes.Tests;

/// <summary>What the watch hears, and what it lives through.</summary>
public sealed class WatchTests(ControlPlaneFixture fixture)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(PodPlay.FailImagePull, "image_pull_failed", "Back-off pulling image \"registry.example/dev:1\"")]
    [InlineData(PodPlay.CrashLoop, "crash_loop", "exit code 3")]
    public async Task A_pod_that_does_not_come_up_is_failed_in_the_clusters_words(
        PodPlay play,
        string code,
        string words
    )
    {
        var controlPlane = await fixture.Get();
        await using var ns = await NewNamespace();
        await controlPlane.Kubelet.Play(ns, play, Ct);
        await using var driver = new TestDriver(ns, pendingTimeout: TimeSpan.FromSeconds(1)).Watching();
        var id = TestDriver.NewId();

        await driver.Apply(TestDriver.Desired(id), Ct);
        // On a busy machine its volume may take longer than the pending timeout, which is the first trouble then.
        var failed = await driver.Sink.Until(id, WorkspaceState.Failed, w => w.Code == code, Ct);
        await controlPlane.Kubelet.Play(ns, PodPlay.Run, Ct);
        await driver.Sink.Until(id, WorkspaceState.Running, Ct);

        Assert.Contains(words, failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pod_for_which_no_node_has_room_waits_in_the_schedulers_words_and_is_failed_in_its_time()
    {
        await using var ns = await NewNamespace();
        // Long enough that it is seen to wait on a busy machine too.
        var pendingTimeout = TimeSpan.FromSeconds(20);
        await using var driver = new TestDriver(ns, pendingTimeout: pendingTimeout).Watching();
        var id = TestDriver.NewId();
        var desired = TestDriver.Desired(id);
        desired.Spec.Cpu = "1000";

        await driver.Apply(desired, Ct);
        var waits = await driver.Sink.Until(id, WorkspaceState.Starting, w => w.Code.Length > 0, Ct);
        var failed = await driver.Sink.Until(id, WorkspaceState.Failed, Ct);

        Assert.Equal(("unschedulable", "unschedulable"), (waits.Code, failed.Code));
        Assert.Contains("Insufficient cpu", waits.Message, StringComparison.Ordinal);
        Assert.Contains("Insufficient cpu", failed.Message, StringComparison.Ordinal);
        var steps = failed.Timeline.Steps.Where(s => s.Code == "unschedulable").ToList();
        Assert.Equal([TimelineStage.Waiting, TimelineStage.Failed], steps.Select(s => s.Stage));
        Assert.Equal(pendingTimeout, steps[1].At - steps[0].At);
    }

    [Fact]
    public async Task A_restarted_agent_goes_on_counting_how_long_a_workspace_has_waited()
    {
        await using var ns = await NewNamespace();
        await using var first = new TestDriver(ns).Watching();
        var desired = TestDriver.Desired(TestDriver.NewId());
        desired.Spec.Cpu = "1000";
        await first.Apply(desired, Ct);
        await first.Sink.Until(desired.WorkspaceId, WorkspaceState.Starting, w => w.Code == "unschedulable", Ct);

        var time = new LaterTime { Ahead = TimeSpan.FromMinutes(10) };
        await using var second = new TestDriver(ns, time) { Identity = first.Identity }.Watching();
        var listed = Assert.Single(await second.Sink.UntilListed(1, Ct));

        Assert.Equal((WorkspaceState.Failed, "unschedulable"), (listed.State, listed.Code));
    }

    [Fact]
    public async Task What_has_waited_for_too_long_runs_all_the_same_once_there_is_room()
    {
        await using var ns = await NewNamespace();
        await ForbidPods((await fixture.Get()).Admin, ns);
        await using var driver = new TestDriver(ns, pendingTimeout: TimeSpan.FromSeconds(1)).Watching();
        var id = TestDriver.NewId();
        await driver.Apply(TestDriver.Desired(id), Ct);
        await driver.Sink.Until(id, WorkspaceState.Failed, w => w.Code == "quota_exceeded", Ct);

        await (await fixture.Get()).Admin.Delete(ns.Path("resourcequotas", "none"), Ct);

        await driver.Sink.Until(id, WorkspaceState.Running, Ct);
    }

    [Fact]
    public async Task A_pod_that_the_namespace_refuses_is_failed_in_the_api_servers_words()
    {
        await using var ns = await NewNamespace();
        await ForbidPods((await fixture.Get()).Admin, ns);
        await using var driver = new TestDriver(ns, pendingTimeout: TimeSpan.FromSeconds(1)).Watching();
        var id = TestDriver.NewId();

        await driver.Apply(TestDriver.Desired(id), Ct);
        var failed = await driver.Sink.Until(id, WorkspaceState.Failed, w => w.Code == "quota_exceeded", Ct);

        Assert.Contains("exceeded quota", failed.Message, StringComparison.Ordinal);
    }

    private static async Task ForbidPods(ClusterApi admin, TestNamespace ns)
    {
        var quota = JsonNode.Parse(
            """{"apiVersion":"v1","kind":"ResourceQuota","metadata":{"name":"none"},"spec":{"hard":{"pods":"0"}}}"""
        )!;
        await admin.Create(ns.Path("resourcequotas"), quota, Ct);
        await UntilPodsAreRefused(admin, ns);
    }

    /// <summary>
    /// Waits until what should keep pods away counts: the API server enforces it only once its own cache has it, which
    /// is a moment after its creation was answered.
    /// </summary>
    internal static async Task UntilPodsAreRefused(ClusterApi admin, TestNamespace ns)
    {
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (await pace.WaitForNextTickAsync(Ct))
        {
            var probe = JsonNode.Parse(
                """{"apiVersion":"v1","kind":"Pod","metadata":{"name":"probe"},"spec":{"containers":[{"name":"probe","image":"none","resources":{"limits":{"cpu":"1","memory":"1Mi"}}}]}}"""
            )!;
            try
            {
                await admin.Create(ns.Path("pods"), probe, Ct);
            }
            catch (HttpRequestException e) when (e.StatusCode == HttpStatusCode.Forbidden)
            {
                return;
            }

            await admin.Delete(ns.Path("pods/probe"), Ct);
        }
    }

    [Fact]
    public async Task A_watch_that_ends_by_itself_is_resumed_and_misses_nothing()
    {
        await using var ns = await NewNamespace();
        var options = TestDriver.OptionsFor(ns) with { WatchLifetime = TimeSpan.FromSeconds(1) };
        await using var driver = new TestDriver(options).Watching();
        await driver.Sink.UntilListed(1, Ct);

        for (var round = 0; round < 4; round++)
        {
            var id = TestDriver.NewId();
            await driver.Apply(TestDriver.Desired(id), Ct);
            await driver.Sink.Until(id, WorkspaceState.Running, Ct);
            await driver.Remove(id, Ct);
            await driver.Sink.UntilGone(id, Ct);
        }

        Assert.Single(driver.Sink.Heard.OfType<RecordingSink.ListedCall>());
    }

    [Fact]
    public async Task Everything_is_listed_again_from_time_to_time()
    {
        await using var ns = await NewNamespace();
        var options = TestDriver.OptionsFor(ns) with
        {
            WatchLifetime = TimeSpan.FromSeconds(1),
            RelistInterval = TimeSpan.FromSeconds(1),
        };
        await using var driver = new TestDriver(options).Watching();
        var id = TestDriver.NewId();
        await driver.Apply(TestDriver.Desired(id), Ct);
        await driver.Sink.Until(id, WorkspaceState.Running, Ct);

        var lists = driver.Sink.Heard.OfType<RecordingSink.ListedCall>().Count();
        var listed = await driver.Sink.UntilListed(lists + 3, Ct);

        Assert.Equal(WorkspaceState.Running, Assert.Single(listed).State);
    }

    [Fact]
    public async Task Nothing_is_told_twice()
    {
        await using var ns = await NewNamespace();
        await using var driver = new TestDriver(ns).Watching();
        var id = TestDriver.NewId();

        await driver.Apply(TestDriver.Desired(id), Ct);
        await driver.Sink.Until(id, WorkspaceState.Running, Ct);
        await driver.Remove(id, Ct);
        await driver.Sink.UntilGone(id, Ct);

        var told = driver.Sink.Heard.OfType<Agent.Clusters.ClusterWorkspace>().ToList();
        Assert.All(told.Zip(told.Skip(1)), pair => Assert.NotEqual(pair.First, pair.Second));
    }

    private async Task<TestNamespace> NewNamespace() =>
        await (await fixture.Get()).CreateNamespace(TestDriver.Rules, Ct);
}
