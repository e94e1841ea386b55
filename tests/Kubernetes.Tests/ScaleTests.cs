using System.Globalization;
using System.Text.Json.Nodes;
using Coder.Mesh.Agent.Kubernetes;
using Coder.Mesh.Agent.Reconcile;
using Coder.Mesh.V1;

namespace Coder.Mesh.Kubernetes.Tests;

/// <summary>What following a thousand workspaces costs, and what it lives through.</summary>
public sealed class ScaleTests(ThousandWorkspaces fixture) : IClassFixture<ThousandWorkspaces>
{
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

    private static KubernetesOptions Options(FaultyApi api) =>
        new() { Kubeconfig = api.Kubeconfig, RelistJitter = TimeSpan.Zero };

    private static TestDriver Watching(
        ThousandWorkspaces there,
        KubernetesOptions options,
        TimeProvider? time = null
    ) => new TestDriver(options, time) { Identity = there.Identity }.Watching();

    private static Task Told(TestDriver driver, string id, ulong generation) =>
        driver.Sink.Until(id, WorkspaceState.Stopped, w => w.Generation == generation, Ct);

    private static IEnumerable<Type> Calls(TestDriver driver) => driver.Sink.Heard.Select(call => call.GetType());

    private static string Type(JsonNode change) => change["type"]!.GetValue<string>();

    private static long From(SeenRequest watch) => long.Parse(watch.ResourceVersion, CultureInfo.InvariantCulture);

    private static async Task<T> Until<T>(Func<T?> there)
        where T : class
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        limit.CancelAfter(TimeSpan.FromMinutes(2));
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        T? found;
        while ((found = there()) is null)
            await pace.WaitForNextTickAsync(limit.Token);
        return found;
    }

    private static JsonArray Items(SeenRequest page) => JsonNode.Parse(page.Body)!["items"]!.AsArray();
}
