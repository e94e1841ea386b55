using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text;
using System.Text.Json.Nodes;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Kubernetes;
using Coder.Mesh.V1;

namespace Coder.Mesh.Kubernetes.Tests;

/// <summary>
/// Whatever is deleted, scaled or patched by hand in the namespace: what is shown is true again soon, and what is
/// desired is so again. Each row has a workspace of its own, and all of them are changed at once.
/// </summary>
public sealed class ChangedByHandTests(ControlPlaneFixture fixture)
{
    // For giving up. What it really took is printed: the aim is 5 s, of all of them at once.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private static readonly string[] Labels =
    [
        "app.kubernetes.io/managed-by",
        "com.coder.resource",
        "mesh.coder.com/workspace-id",
        "mesh.coder.com/provider-id",
        "mesh.coder.com/deployment-id",
    ];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <param name="Patch">A JSON merge patch; null deletes the object.</param>
    private sealed record Row(string Resource, string Change, string? Patch, bool Stopped = false, string Path = "")
    {
        public override string ToString() => $"{(Stopped ? "stopped" : "running")} {Resource}: {Change}";
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task All_of_it_is_as_desired_again_and_shown_so(bool desiredIsKnown)
    {
        var controlPlane = await fixture.Get();
        await using var ns = await controlPlane.CreateNamespace(TestDriver.Rules, Ct);
        await using var agent = await AttachedAgent.Start(ns, Ct);
        var rows = Rows().Select(row => (Row: row, Id: TestDriver.NewId())).ToList();
        await Task.WhenAll(rows.Select(r => Settle(agent, r.Row, r.Id)));
        var untouched = TestDriver.NewId();
        await Settle(agent, new Row("", "untouched", null), untouched);
        var before = await Fingerprints(ns, rows.Select(r => r.Id));
        if (!desiredIsKnown)
            await agent.Attach(Ct);
        var applies = 0;
        using var listener = Counting(agent.Driver, () => Interlocked.Increment(ref applies));

        var changed = await Task.WhenAll(rows.Select(r => Change(controlPlane, ns, r.Row, r.Id)));
        var took = new TimeSpan?[rows.Count];
        while (took.Contains(null))
        {
            var now = await Fingerprints(ns, rows.Select(r => r.Id));
            foreach (var (i, (row, id)) in rows.Index().Where(r => took[r.Index] is null))
            {
                var elapsed = Stopwatch.GetElapsedTime(changed[i]);
                if (now[id] == before[id] && IsShown(agent, row, id, 2))
                    took[i] = elapsed;
                else if (elapsed > Limit)
                    Assert.Fail(
                        $"{row} is not set right.\nShown: {agent.Seen(id)}\nbefore {before[id]}\nnow    {now[id]}"
                    );
            }

            await Task.Delay(100, Ct);
        }

        var table = new StringBuilder();
        foreach (var (row, time) in rows.Zip(took))
            table.AppendLine($"{time!.Value.TotalSeconds, 6:0.00} s  {row.Row}");
        TestContext.Current.TestOutputHelper!.WriteLine($"{table}{applies} applies, {agent.Resent} frames sent again");
        Assert.All(
            // Not who has deleted a pod, nor, with older API servers, who has scaled a Deployment, is kept anywhere.
            rows.Where(r => r.Row is { Resource: not "pods", Path: "" }),
            r => Assert.Contains(Notices(agent, r.Id), n => n.Contains(Word(r.Row.Resource), StringComparison.Ordinal))
        );
        // Nobody has touched this one.
        Assert.Empty(Notices(agent, untouched));
        // Once for what was changed, and now and then once more for what comes of it; not over and over.
        Assert.InRange(applies, 1, 12 * rows.Count);
    }

    private static IEnumerable<string> Notices(AttachedAgent agent, string id) =>
        agent.Timeline(id).Where(e => e.Stage == TimelineStage.Notice).Select(e => e.Message);

    private static string Word(string resource) =>
        resource switch
        {
            "deployments" => "Deployment",
            "serviceaccounts" => "ServiceAccount",
            "networkpolicies" => "NetworkPolicy",
            "services" => "Service ",
            _ => "PersistentVolumeClaim",
        };

    private static IEnumerable<Row> Rows()
    {
        foreach (var stopped in new[] { false, true })
        {
            foreach (var kind in WorkspaceKinds.All)
            {
                if (kind != WorkspaceKinds.Volume || stopped)
                    yield return new Row(kind.Resource, "deleted", null, stopped);
                foreach (var label in Labels)
                    yield return new Row(kind.Resource, $"label {label} removed", Remove(label), stopped);
                yield return new Row(
                    kind.Resource,
                    "label of the provider changed",
                    """{"metadata":{"labels":{"mesh.coder.com/provider-id":"another"}}}""",
                    stopped
                );
                yield return new Row(
                    kind.Resource,
                    "field managers removed",
                    """{"metadata":{"managedFields":[{}]}}""",
                    stopped
                );
                yield return new Row(
                    kind.Resource,
                    "annotations removed",
                    """{"metadata":{"annotations":null}}""",
                    stopped
                );
            }

            yield return Deployment("scaled", Replicas(stopped ? 1 : 0), "/scale");
            yield return Deployment("replicas patched", Replicas(stopped ? 2 : 3));
            yield return Deployment("scaled to several", Replicas(3), "/scale");
            yield return Deployment("rollout paused", """{"spec":{"paused":true}}""");
            yield return Deployment(
                "another scheduler",
                """{"spec":{"template":{"spec":{"schedulerName":"nobody"}}}}"""
            );
            yield return Deployment(
                "scaled without field managers",
                """{"metadata":{"managedFields":[{}]},"spec":{"replicas":3}}"""
            );
            yield return Deployment(
                "image patched",
                """{"spec":{"template":{"spec":{"containers":[{"name":"workspace","image":"other:1"}]}}}}"""
            );
            yield return Deployment(
                "generation that was never given out",
                """{"metadata":{"annotations":{"mesh.coder.com/generation":"9223372036854775807"}}}"""
            );
            yield return Deployment(
                "older generation",
                """{"metadata":{"annotations":{"mesh.coder.com/generation":"1"}}}"""
            );
            yield return new Row(
                "serviceaccounts",
                "token mounted",
                """{"automountServiceAccountToken":true}""",
                stopped
            );
            yield return new Row("networkpolicies", "opened", """{"spec":{"ingress":[{}]}}""", stopped);
            yield return new Row(
                "networkpolicies",
                "of another type",
                """{"spec":{"policyTypes":["Egress"]}}""",
                stopped
            );
            yield return new Row(
                "networkpolicies",
                "of other pods",
                """{"spec":{"podSelector":{"matchLabels":{"a":"b"}}}}""",
                stopped
            );
            yield return new Row(
                "services",
                "of other pods",
                """{"spec":{"selector":{"mesh.coder.com/workspace-id":"another"}}}""",
                stopped
            );

            Row Deployment(string change, string patch, string path = "") =>
                new("deployments", change, patch, stopped, path);
        }

        yield return new Row("pods", "deleted", null);
    }

    private static string Remove(string label) =>
        new JsonObject
        {
            ["metadata"] = new JsonObject { ["labels"] = new JsonObject { [label] = null } },
        }.ToJsonString();

    private static string Replicas(int count) =>
        new JsonObject { ["spec"] = new JsonObject { ["replicas"] = count } }.ToJsonString();

    /// <summary>Makes it run, or stop, in a generation above the first.</summary>
    private static async Task Settle(AttachedAgent agent, Row row, string id)
    {
        agent.Desire(TestDriver.Desired(id, 1, row.Stopped ? WorkspacePower.Stopped : WorkspacePower.Running));
        await Until(agent, row, id, 1);
        agent.Desire(TestDriver.Desired(id, 2, row.Stopped ? WorkspacePower.Stopped : WorkspacePower.Running));
        await Until(agent, row, id, 2);
    }

    private static async Task Until(AttachedAgent agent, Row row, string id, ulong generation)
    {
        var start = Stopwatch.GetTimestamp();
        while (!IsShown(agent, row, id, generation))
        {
            if (Stopwatch.GetElapsedTime(start) > Limit)
                Assert.Fail($"{row} does not settle: {agent.Seen(id)}");
            await Task.Delay(20, Ct);
        }
    }

    private static bool IsShown(AttachedAgent agent, Row row, string id, ulong generation) =>
        agent.Seen(id) is { Code: "" } seen
        && seen.Generation == generation
        && seen.State == (row.Stopped ? WorkspaceState.Stopped : WorkspaceState.Running);

    /// <returns>When it began to.</returns>
    private static async Task<long> Change(KubernetesControlPlane controlPlane, TestNamespace ns, Row row, string id)
    {
        var start = Stopwatch.GetTimestamp();
        var name = row.Resource == "pods" ? await PodOf(ns, id) : $"ws-{id}";
        var path = ns.Path(row.Resource, name);
        if (row.Patch is { } patch)
            await controlPlane.Admin.Patch($"{path}{row.Path}?fieldManager=kubectl-patch", JsonNode.Parse(patch)!, Ct);
        else
            await controlPlane.Admin.Delete(path, Ct);
        return start;
    }

    private static async Task<string> PodOf(TestNamespace ns, string id) =>
        (await ns.List("pods", Ct))
            .Select(p => p["metadata"]!["name"]!.GetValue<string>())
            .First(n => n.StartsWith($"ws-{id}", StringComparison.Ordinal));

    /// <summary>
    /// All that the product sets of the objects of each workspace. Read as lists: to get each object would keep the API
    /// server from what is measured.
    /// </summary>
    private static async Task<Dictionary<string, string>> Fingerprints(TestNamespace ns, IEnumerable<string> ids)
    {
        var kinds = await Task.WhenAll(
            WorkspaceKinds.All.Select(async kind =>
                (
                    Kind: kind,
                    Items: (await ns.List(kind.Resource, Ct)).ToDictionary(o =>
                        o["metadata"]!["name"]!.GetValue<string>()
                    )
                )
            )
        );
        return ids.ToDictionary(id => id, Fingerprint);

        string Fingerprint(string id)
        {
            var all = new JsonObject();
            foreach (var (kind, items) in kinds)
                all[kind.Resource] = items.GetValueOrDefault($"ws-{id}") is { } item ? Part(kind, item) : null;
            return all.ToJsonString();
        }
    }

    private static JsonObject Part(WorkspaceKind kind, JsonNode item)
    {
        var metadata = item["metadata"]!;
        var spec = item["spec"]?.DeepClone() as JsonObject ?? [];
        spec.Remove("volumeName");
        // A volume that is made anew is of the generation that it is made from.
        var annotations = (metadata["annotations"] as JsonObject ?? [])
            .Where(a => a.Key.StartsWith("mesh.coder.com/", StringComparison.Ordinal))
            .Where(a => kind != WorkspaceKinds.Volume || a.Key != "mesh.coder.com/generation");
        return new JsonObject
        {
            ["labels"] = metadata["labels"]?.DeepClone(),
            ["annotations"] = new JsonObject(annotations.Select(a => KeyValuePair.Create(a.Key, a.Value?.DeepClone()))),
            ["spec"] = spec,
            ["token"] = item["automountServiceAccountToken"]?.DeepClone(),
            ["deleting"] = metadata["deletionTimestamp"] is not null,
            ["applied"] = (metadata["managedFields"] as JsonArray ?? []).Any(m =>
                m!["manager"]?.GetValue<string>().StartsWith("coder-mesh/", StringComparison.Ordinal) == true
            ),
        };
    }

    private static MeterListener Counting(TestDriver driver, Action applied)
    {
        var listener = new MeterListener { InstrumentPublished = driver.EnableIfItsOwn };
        listener.SetMeasurementEventCallback<long>(
            (_, _, tags, _) =>
            {
                if (tags.ToArray().Any(t => t is { Key: "mesh.kubernetes.verb", Value: "apply" }))
                    applied();
            }
        );
        listener.Start();
        return listener;
    }
}
