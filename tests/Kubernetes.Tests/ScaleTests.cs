using System.Globalization;
using System.Text.Json.Nodes;
using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.Kubernetes;
using Coder.Mesh.Protocol;
using Coder.Mesh.V1;

namespace Coder.Mesh.Kubernetes.Tests;

/// <summary>What following a thousand workspaces costs, and what it lives through.</summary>
public sealed class ScaleTests(ThousandWorkspaces fixture) : IClassFixture<ThousandWorkspaces>
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_thousand_are_listed_in_pages_and_each_is_told_once()
    {
        var there = await fixture.Get();
        await using var api = FaultyApi.Before(there.ControlPlane, there.Namespace);
        await using var driver = Watching(there, Options(api));

        var listed = await driver.Sink.UntilListed(1, Ct);
        var generation = (await there.Change(listed[0].Id, Ct)).Generation;
        await Told(driver, listed[0].Id, generation);

        var pages = api.Lists("deployments").Select(page => Items(page).Count).ToList();
        Assert.Equal(Enumerable.Repeat(200, 5), pages);
        Assert.Equal(ThousandWorkspaces.Count, listed.Select(w => w.Id).Distinct().Count());
        Assert.All(listed, w => Assert.Equal(WorkspaceState.Stopped, w.State));
        Assert.Equal([typeof(RecordingSink.ListedCall), typeof(ClusterWorkspace)], Calls(driver));
    }

    [Fact]
    public async Task A_cut_watch_resumes_from_a_bookmark_and_costs_next_to_nothing()
    {
        var there = await fixture.Get();
        await using var api = FaultyApi.Before(there.ControlPlane, there.Namespace);
        // A bookmark comes 2 s before a watch's end.
        await using var driver = Watching(there, Options(api) with { WatchLifetime = TimeSpan.FromSeconds(4) });
        var listed = await driver.Sink.UntilListed(1, Ct);
        var others = await there.Add(new DriverIdentity("p-another", "d-1"), Ct);
        var moved = (await there.Change(others, Ct)).Version;

        var resumed = await Until(() => api.Watches("deployments").FirstOrDefault(w => From(w) >= moved));
        await api.Cut();
        var again = await Until(() => api.Watches("deployments").SkipWhile(w => w != resumed).Skip(1).FirstOrDefault());
        var generation = (await there.Change(listed[0].Id, Ct)).Generation;
        await Told(driver, listed[0].Id, generation);

        var bookmarks = api.Watches("deployments").SelectMany(w => w.Events).Where(e => Type(e) == "BOOKMARK");
        Assert.Contains(From(resumed), bookmarks.Select(e => ThousandWorkspaces.VersionOf(e["object"]!)));
        Assert.InRange(From(again), From(resumed), long.MaxValue);
        Assert.Equal(5, api.Lists("deployments").Count);
        var told = api.Watches("deployments").SelectMany(w => w.Events).Where(e => Type(e) != "BOOKMARK");
        Assert.Equal("MODIFIED", Type(Assert.Single(told)));
        Assert.Equal([typeof(RecordingSink.ListedCall), typeof(ClusterWorkspace)], Calls(driver));
    }

    [Fact]
    public async Task An_expired_watch_is_listed_afresh_and_tells_what_went_once()
    {
        var there = await fixture.Get();
        await using var api = FaultyApi.Before(there.ControlPlane, there.Namespace);
        await using var driver = Watching(there, Options(api));
        var before = await driver.Sink.UntilListed(1, Ct);
        var (expired, asked) = (new TaskCompletionSource(), new TaskCompletionSource());
        api.Befalls = r => Expires(r, asked, expired.Task);
        await api.Cut();
        await asked.Task.WaitAsync(Patience, Ct);

        var (gone, changed) = (before.Take(2).ToList(), before.Skip(2).Take(2).ToList());
        var added = new List<string>();
        var generations = new Dictionary<string, ulong>();
        foreach (var workspace in gone)
        {
            await there.Delete(workspace.Id, Ct);
            added.Add(await there.Add(there.Identity, Ct));
        }

        foreach (var workspace in changed)
            generations[workspace.Id] = (await there.Change(workspace.Id, Ct)).Generation;
        api.Befalls = _ => null;
        expired.SetResult();
        var after = await driver.Sink.UntilListed(2, Ct);
        await Told(driver, added[0], (await there.Change(added[0], Ct)).Generation);

        Assert.Equal(10, api.Lists("deployments").Count);
        Assert.Equal(gone.Select(w => w.Id).Order(), Gone(driver).Order());
        Assert.Single(driver.Sink.Heard.OfType<ClusterWorkspace>());
        Assert.Equal(ThousandWorkspaces.Count, after.Select(w => w.Id).Distinct().Count());
        Assert.Equal(
            generations,
            after.Where(w => generations.ContainsKey(w.Id)).ToDictionary(w => w.Id, w => w.Generation)
        );
        var news = after.Except(before).Select(w => w.Id);
        Assert.Equal(added.Concat(generations.Keys).Order(), news.Order());
    }

    [Fact]
    public async Task A_killed_api_server_comes_back_and_what_changed_meanwhile_is_found()
    {
        var there = await fixture.Get();
        await using var api = FaultyApi.Before(there.ControlPlane, there.Namespace);
        await using var driver = Watching(there, Options(api));
        var before = await driver.Sink.UntilListed(1, Ct);
        // The agent doesn't hear what comes now: the server crashes first, and has forgotten it when it is back.
        var (held, asked) = (new TaskCompletionSource(), new TaskCompletionSource());
        api.Befalls = r => Waits(r, asked, held.Task);
        await api.Cut();
        await asked.Task.WaitAsync(Patience, Ct);
        var expected = before.ToDictionary(w => w.Id, w => w.Generation);
        await Change(before[0].Id);
        await there.Delete(before[1].Id, Ct);
        expected.Remove(before[1].Id);

        await there.ControlPlane.KillApiServer();
        held.SetResult();
        await Until(() => api.Watches("deployments").Where(w => w.Status == 0).Skip(2).FirstOrDefault());
        await there.ControlPlane.StartApiServer(Ct);
        await Change(before[2].Id);
        expected[await there.Add(there.Identity, Ct)] = 1;
        await driver.Sink.UntilListed(2, Ct);
        await Change(before[3].Id);
        await Until(() => Same(expected, Known(driver)) ? driver : null);

        Assert.Contains(api.Watches("deployments"), w => w.Status == 410 || w.Events.Any(IsExpiry));
        Assert.Equal([before[1].Id], Gone(driver));

        async Task Change(string id) => expected[id] = (await there.Change(id, Ct)).Generation;
    }

    [Fact]
    public async Task A_watch_that_fails_for_long_makes_the_cluster_unreachable_until_it_works()
    {
        var there = await fixture.Get();
        var time = new LaterTime();
        await using var api = FaultyApi.Before(there.ControlPlane, there.Namespace);
        api.Befalls = r =>
            r is { IsWatch: true, Resource: "deployments" } ? new Fault(500, "no leader", InStream: true) : null;
        await using var driver = Watching(there, Options(api), time);
        await driver.Sink.UntilListed(1, Ct);

        await Until(() => api.Watches("deployments").Skip(1).FirstOrDefault());
        var early = await Reachable(driver);
        time.Ahead = TimeSpan.FromSeconds(31);
        var late = await Reachable(driver);
        api.Befalls = _ => null;
        var back = await UntilReachable(driver);

        Assert.Equal(ConditionStatus.True, early.Status);
        Assert.Equal((ConditionStatus.False, "watch_failing"), (late.Status, late.Code));
        Assert.StartsWith("Changes of deployments are not heard of: ", late.Message, StringComparison.Ordinal);
        Assert.Contains("no leader", late.Message, StringComparison.Ordinal);
        Assert.Equal("", back.Code);
    }

    private static async Task<ProbedCondition> Reachable(TestDriver driver) =>
        Assert.Single((await driver.Driver.Probe(Ct)).Conditions, c => c.Type == ConditionTypes.ClusterReachable);

    private static async Task<ProbedCondition> UntilReachable(TestDriver driver)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        limit.CancelAfter(Patience);
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        ProbedCondition now;
        while ((now = await Reachable(driver)).Status != ConditionStatus.True)
            await pace.WaitForNextTickAsync(limit.Token);
        return now;
    }

    // What a reader of all that was told knows at last.
    private static Dictionary<string, ulong> Known(TestDriver driver)
    {
        var known = new Dictionary<string, ulong>();
        foreach (var call in driver.Sink.Heard)
        {
            if (call is RecordingSink.ListedCall listed)
                known = listed.Workspaces.ToDictionary(w => w.Id, w => w.Generation);
            else if (call is ClusterWorkspace changed)
                known[changed.Id] = changed.Generation;
            else if (call is RecordingSink.GoneCall gone)
                known.Remove(gone.Id);
        }

        return known;
    }

    private static bool Same(Dictionary<string, ulong> expected, Dictionary<string, ulong> known) =>
        expected.Count == known.Count && expected.All(e => known.GetValueOrDefault(e.Key) == e.Value);

    private static bool IsExpiry(JsonNode change) =>
        Type(change) == "ERROR" && change["object"]!["code"]!.GetValue<int>() == 410;

    private static Fault? Waits(SeenRequest request, TaskCompletionSource asked, Task until)
    {
        if (request is not { IsWatch: true, Resource: "deployments" })
            return null;
        asked.TrySetResult();
        return new Fault(Until: until);
    }

    private static Fault? Expires(SeenRequest request, TaskCompletionSource asked, Task until)
    {
        if (request is not { IsWatch: true, Resource: "deployments" })
            return null;
        asked.TrySetResult();
        return new Fault(410, "too old resource version", InStream: true, Until: until);
    }

    private static KubernetesOptions Options(FaultyApi api) =>
        new() { Kubeconfig = api.Kubeconfig, RelistJitter = TimeSpan.Zero };

    private static TestDriver Watching(
        ThousandWorkspaces there,
        KubernetesOptions options,
        TimeProvider? time = null
    ) => new TestDriver(options, time) { Identity = there.Identity }.Watching();

    private static Task Told(TestDriver driver, string id, ulong generation) =>
        driver.Sink.Until(id, WorkspaceState.Stopped, w => w.Generation == generation, Ct);

    // These workspaces have nothing but their Deployments, which is told of each after some seconds, and is no news
    // here.
    private static IEnumerable<Type> Calls(TestDriver driver)
    {
        var heard = driver.Sink.Heard;
        var listed = heard.OfType<RecordingSink.ListedCall>().SelectMany(l => l.Workspaces);
        var known = listed.Select(w => (w.Id, w.Generation, w.State)).ToHashSet();
        return heard
            .Where(call => call is not ClusterWorkspace w || !known.Contains((w.Id, w.Generation, w.State)))
            .Select(call => call.GetType());
    }

    private static string Type(JsonNode change) => change["type"]!.GetValue<string>();

    private static long From(SeenRequest watch) => long.Parse(watch.ResourceVersion, CultureInfo.InvariantCulture);

    private static async Task<T> Until<T>(Func<T?> there)
        where T : class
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        limit.CancelAfter(Patience);
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        T? found;
        while ((found = there()) is null)
            await pace.WaitForNextTickAsync(limit.Token);
        return found;
    }

    private static IEnumerable<string> Gone(TestDriver driver) =>
        driver.Sink.Heard.OfType<RecordingSink.GoneCall>().Select(call => call.Id);

    private static JsonArray Items(SeenRequest page) => JsonNode.Parse(page.Body)!["items"]!.AsArray();
}
