using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.Kubernetes;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Kubernetes;
using Coder.Mesh.V1;

namespace Coder.Mesh.Kubernetes.Tests;

/// <summary>An API server that is slow, busy or forgetful, staged before a real one.</summary>
public sealed class FaultTests(ControlPlaneFixture fixture)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_busy_server_is_asked_again_only_after_the_time_that_it_names()
    {
        await using var ns = await NewNamespace();
        await using var api = FaultyApi.Before(await fixture.Get(), ns);
        var refused = 0;
        api.Befalls = r =>
            r is { IsList: true, Resource: "deployments" } && Interlocked.Increment(ref refused) == 1
                ? new Fault(429, "Too many requests.", RetryAfter: 2)
                : null;

        await using var driver = Through(api).Watching();
        await driver.Sink.UntilListed(1, Ct);

        var lists = api.Lists("deployments");
        Assert.Equal([429, 200], lists.Select(l => l.Status));
        Assert.InRange(lists[1].At - lists[0].At, TimeSpan.FromSeconds(2), Patience);
    }

    [Fact]
    public async Task A_refused_apply_tells_how_long_the_server_wants_to_be_left_alone()
    {
        await using var ns = await NewNamespace();
        await using var api = FaultyApi.Before(await fixture.Get(), ns);
        await using var driver = Through(api);
        api.Befalls = r => r.Method == "PATCH" ? new Fault(503, "etcd has no leader", RetryAfter: 7) : null;
        var unavailable = await Assert.ThrowsAsync<ClusterException>(() => Apply(driver));
        api.Befalls = r => r.Method == "PATCH" ? new Fault(429, "busy", RetryAfter: 100_000) : null;
        var overloaded = await Assert.ThrowsAsync<ClusterException>(() => Apply(driver));
        api.Befalls = r => r.Method == "PATCH" ? new Fault(500, "no word") : null;
        var silent = await Assert.ThrowsAsync<ClusterException>(() => Apply(driver));

        Assert.Equal(("cluster_unavailable", TimeSpan.FromSeconds(7)), (unavailable.Code, unavailable.RetryAfter));
        Assert.Equal(("cluster_overloaded", TimeSpan.FromMinutes(1)), (overloaded.Code, overloaded.RetryAfter));
        Assert.Equal(("cluster_unavailable", TimeSpan.Zero), (silent.Code, silent.RetryAfter));
        Assert.True(unavailable.Transient && overloaded.Transient && silent.Transient);
    }

    [Theory]
    [InlineData(410, true)]
    [InlineData(410, false)]
    [InlineData(500, true)]
    [InlineData(503, false)]
    public async Task A_watch_that_the_server_refuses_is_taken_up_again(int status, bool inStream)
    {
        await using var ns = await NewNamespace();
        await using var api = FaultyApi.Before(await fixture.Get(), ns);
        var refused = 0;
        api.Befalls = r =>
            r is { IsWatch: true, Resource: "deployments" } && Interlocked.Increment(ref refused) == 1
                ? new Fault(status, "too old resource version", InStream: inStream)
                : null;

        await using var driver = Through(api).Watching();
        var id = TestDriver.NewId();
        await driver.Apply(TestDriver.Desired(id), Ct);
        await driver.Sink.Until(id, WorkspaceState.Running, Ct);

        Assert.Equal(status == 410 ? 2 : 1, api.Lists("deployments").Count);
        Assert.Single(api.Lists("pods"));
        Assert.Equal(2, api.Watches("deployments").Count);
    }

    [Theory]
    [InlineData(410)]
    [InlineData(500)]
    public async Task A_server_that_refuses_each_watch_is_not_asked_in_a_spin(int status)
    {
        await using var ns = await NewNamespace();
        await using var api = FaultyApi.Before(await fixture.Get(), ns);
        api.Befalls = r => r is { IsWatch: true, Resource: "pods" } ? new Fault(status, InStream: true) : null;
        await using var driver = Through(api).Watching();
        await driver.Sink.UntilListed(1, Ct);

        // Time itself is what is tested: three seconds of a spin would be hundreds.
        await Task.Delay(TimeSpan.FromSeconds(3), Ct);

        Assert.InRange(api.Watches("pods").Count, 1, 40);
        Assert.InRange(api.Lists("pods").Count, 1, 40);
    }

    [Fact]
    public async Task A_cut_watch_goes_on_where_it_was_and_misses_nothing()
    {
        await using var ns = await NewNamespace();
        await using var api = FaultyApi.Before(await fixture.Get(), ns);
        await using var driver = Through(api).Watching();
        for (var round = 0; round < 3; round++)
        {
            var id = TestDriver.NewId();
            await driver.Apply(TestDriver.Desired(id), Ct);
            await driver.Sink.Until(id, WorkspaceState.Running, Ct);
            await api.Cut();
            await driver.Sink.Until(id, WorkspaceState.Running, Ct);
            Assert.True(await Removed(driver, id));
            await driver.Sink.UntilGone(id, Ct);
        }

        Assert.Single(api.Lists("deployments"));
        Assert.InRange(api.Watches("deployments").Count, 4, 40);
    }

    [Fact]
    public async Task A_slow_server_is_slow_and_nothing_else()
    {
        await using var ns = await NewNamespace();
        await using var api = FaultyApi.Before(await fixture.Get(), ns);
        api.Befalls = r => r.IsWatch ? null : new Fault(Until: Task.Delay(TimeSpan.FromSeconds(1), Ct));
        await using var driver = Through(api).Watching();
        var id = TestDriver.NewId();

        await driver.Apply(TestDriver.Desired(id), Ct);
        await driver.Sink.Until(id, WorkspaceState.Running, Ct);
        var probe = await driver.Driver.Probe(Ct);

        Assert.All(
            probe.Conditions.Where(c => ConditionTypes.Required.Contains(c.Type)),
            c => Assert.Equal(ConditionStatus.True, c.Status)
        );
    }

    [Fact]
    public async Task A_request_that_is_never_answered_is_given_up_and_others_do_not_wait_for_it()
    {
        await using var ns = await NewNamespace();
        await using var api = FaultyApi.Before(await fixture.Get(), ns);
        var options = Options(api) with { RequestTimeout = TimeSpan.FromSeconds(5) };
        await using var driver = new TestDriver(options).Watching();
        var (stuck, other) = (TestDriver.NewId(), TestDriver.NewId());
        var never = new TaskCompletionSource();
        api.Befalls = r => r.Path.Contains(stuck, StringComparison.Ordinal) ? new Fault(Until: never.Task) : null;

        var waiting = driver.Apply(TestDriver.Desired(stuck), Ct);
        await driver.Apply(TestDriver.Desired(other), Ct);
        await driver.Sink.Until(other, WorkspaceState.Running, Ct);
        var given = await Assert.ThrowsAsync<ClusterException>(() => waiting);

        Assert.Equal(("cluster_unreachable", true), (given.Code, given.Transient));
    }

    [Theory]
    [InlineData(429, ConditionStatus.True)]
    [InlineData(500, ConditionStatus.False)]
    public async Task A_server_that_can_not_read_its_store_is_unreachable_and_a_busy_one_is_not(
        int status,
        ConditionStatus expected
    )
    {
        await using var ns = await NewNamespace();
        await using var api = FaultyApi.Before(await fixture.Get(), ns);
        api.Befalls = r =>
            r.Path.EndsWith($"/namespaces/{ns.Name}", StringComparison.Ordinal)
                ? new Fault(status, "request timed out")
                : null;
        await using var driver = Through(api);

        var probe = await driver.Driver.Probe(Ct);

        Assert.Equal(expected, Reachable(probe).Status);
        var told = probe.Conditions.First(c => c.Status != ConditionStatus.True);
        Assert.Contains("request timed out", told.Message, StringComparison.Ordinal);
    }

    private static ProbedCondition Reachable(ClusterProbe probe) =>
        Assert.Single(probe.Conditions, c => c.Type == ConditionTypes.ClusterReachable);

    private static KubernetesOptions Options(FaultyApi api) =>
        new() { Kubeconfig = api.Kubeconfig, RelistJitter = TimeSpan.Zero };

    private static TestDriver Through(FaultyApi api) => new(Options(api));

    private static Task Apply(TestDriver driver) => driver.Apply(TestDriver.Desired(TestDriver.NewId()), Ct);

    // What is cut while it is under way is transient, as the reconciler takes it.
    private static async Task<bool> Removed(TestDriver driver, string id)
    {
        try
        {
            return await driver.Remove(id, Ct);
        }
        catch (ClusterException e) when (e.Transient)
        {
            return await driver.Remove(id, Ct);
        }
    }

    private async Task<TestNamespace> NewNamespace() =>
        await (await fixture.Get()).CreateNamespace(TestDriver.Rules, Ct);
}
