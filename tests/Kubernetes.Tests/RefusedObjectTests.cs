using System.Text.Json.Nodes;
using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.Kubernetes;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.Tests.Support.Kubernetes;
using Coder.Mesh.V1;

namespace Coder.Mesh.Kubernetes.Tests;

/// <summary>
/// One object of a workspace is refused, by the API server itself or by what stands before it: the others are applied,
/// and to stop and to delete always work.
/// </summary>
public sealed class RefusedObjectTests(ControlPlaneFixture fixture)
{
    private const string Claims = "persistentvolumeclaims";
    private const string Deployments = "deployments";

    private static readonly string[] Kinds = [Deployments, Claims, "serviceaccounts", "networkpolicies", "services"];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>
    /// Each kind of object, refused as a policy or a missing right does, as a validation does, and as a race does.
    /// </summary>
    public static TheoryData<string, int> Refusals { get; } =
    [.. Kinds.SelectMany(k => new[] { 403, 409, 422 }.Select(status => (k, status)))];

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task A_refused_object_stands_in_the_way_of_no_stop_and_no_deletion(string kind, int status)
    {
        await using var ns = await NewNamespace();
        await using var api = FaultyApi.Before(await fixture.Get(), ns);
        await using var driver = Through(api);
        var desired = await Running(driver);

        // The forced apply comes of the first one's refusal.
        Change(desired, WorkspacePower.Stopped, grows: kind == Claims);
        api.Befalls = Refuse("PATCH", kind, status, r => !r.Forced);
        var refused = await driver.Apply(desired, Ct);
        await driver.Sink.Until(desired.WorkspaceId, WorkspaceState.Stopped, w => w.Generation == 2, Ct);

        // What isn't applied for a stop isn't refused either.
        Assert.Equal(kind is Claims or Deployments ? Code(kind, status) : null, refused?.Code);
        api.Befalls = Refuse("DELETE", kind, status, _ => true);
        if (status == 409)
            await driver.Remove(desired.WorkspaceId, Ct);
        else
            await Assert.ThrowsAsync<ClusterException>(() => driver.Remove(desired.WorkspaceId, Ct));
        foreach (var other in Kinds.Where(k => k != kind))
            await (await fixture.Get()).Admin.Until(
                ns.Path(other, $"ws-{desired.WorkspaceId}"),
                left => left is null || left["metadata"]!["deletionTimestamp"] is not null,
                Ct
            );
        await UntilRemoved(driver, desired.WorkspaceId);
        foreach (var each in Kinds)
            Assert.Null(await ns.Get(each, $"ws-{desired.WorkspaceId}", Ct));
    }

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task A_refused_object_stands_in_the_way_of_no_start_that_does_not_need_it(string kind, int status)
    {
        await using var ns = await NewNamespace();
        await using var api = FaultyApi.Before(await fixture.Get(), ns);
        await using var driver = Through(api);
        var desired = await Running(driver);
        desired.Generation++;
        desired.Power = WorkspacePower.Stopped;
        Assert.Null(await driver.Apply(desired, Ct));
        await driver.Sink.Until(desired.WorkspaceId, WorkspaceState.Stopped, Ct);

        Change(desired, WorkspacePower.Running, grows: kind == Claims);
        api.Befalls = Refuse("PATCH", kind, status, _ => true);
        if (kind == Deployments && status != 409)
        {
            await Assert.ThrowsAsync<ClusterException>(() => driver.Apply(desired, Ct));
        }
        else
        {
            var refused = await driver.Apply(desired, Ct);
            await driver.Sink.Until(desired.WorkspaceId, WorkspaceState.Running, w => w.Generation == 3, Ct);
            Assert.Equal(Code(kind, status), refused?.Code);
            Assert.NotEqual(true, refused?.Essential);
        }

        // What was refused is made up for at the next attempt.
        desired.Spec.Disk = "10Gi";
        Assert.Null(await driver.Apply(desired, Ct));
        await driver.Sink.Until(desired.WorkspaceId, WorkspaceState.Running, w => w.Generation == 3, Ct);
        var account = await ns.Get("serviceaccounts", $"ws-{desired.WorkspaceId}", Ct);
        Assert.Equal("3", account!["metadata"]!["annotations"]!["example.com/note"]!.GetValue<string>());
    }

    [Theory]
    [InlineData(Claims, true)]
    [InlineData("serviceaccounts", true)]
    [InlineData("networkpolicies", false)]
    [InlineData("services", false)]
    public async Task An_object_that_is_not_made_keeps_no_other_from_being_made(string kind, bool essential)
    {
        await using var ns = await NewNamespace();
        await using var api = FaultyApi.Before(await fixture.Get(), ns);
        await using var driver = Through(api);
        var desired = TestDriver.Desired(TestDriver.NewId());

        api.Befalls = Refuse("PATCH", kind, 403, _ => true, "staged is forbidden: exceeded quota: staged");
        var refused = await driver.Apply(desired, Ct);

        Assert.Equal(("quota_exceeded", essential), (refused?.Code, refused?.Essential));
        Assert.Contains("exceeded quota: staged", refused!.Message, StringComparison.Ordinal);
        foreach (var each in Kinds)
            Assert.Equal(each == kind, await ns.Get(each, $"ws-{desired.WorkspaceId}", Ct) is null);
        Assert.Null(await driver.Apply(desired, Ct));
        await driver.Sink.Until(desired.WorkspaceId, WorkspaceState.Running, Ct);
    }

    [Fact]
    public async Task A_disk_that_can_not_grow_blocks_nothing_and_its_wish_can_be_taken_back()
    {
        await using var ns = await NewNamespace();
        await using var driver = new TestDriver(ns).Watching();
        var desired = await Running(driver);

        desired.Generation = 2;
        desired.Spec.Disk = "20Gi";
        var refused = await driver.Apply(desired, Ct);
        var running = await driver.Sink.Until(desired.WorkspaceId, WorkspaceState.Running, w => w.Generation == 2, Ct);
        desired.Generation = 3;
        desired.Power = WorkspacePower.Stopped;
        var stopped = await driver.Apply(desired, Ct);
        await driver.Sink.Until(desired.WorkspaceId, WorkspaceState.Stopped, Ct);
        desired.Generation = 4;
        desired.Power = WorkspacePower.Running;
        desired.Spec.Image = "registry.example/dev:2";
        var started = await driver.Apply(desired, Ct);
        await driver.Sink.Until(desired.WorkspaceId, WorkspaceState.Running, w => w.Generation == 4, Ct);
        desired.Generation = 5;
        desired.Spec.Disk = "10Gi";
        var back = await driver.Apply(desired, Ct);

        Assert.Equal(("disk_resize_refused", false), (refused?.Code, refused?.Essential));
        Assert.StartsWith(
            "The disk still has 10Gi; the cluster refused to make it 20Gi: ",
            refused!.Message,
            StringComparison.Ordinal
        );
        Assert.Contains("only dynamically provisioned pvc can be resized", refused.Message, StringComparison.Ordinal);
        Assert.Equal("10Gi", running.Held!.Spec.Disk);
        Assert.Equal([refused, refused], [stopped, started]);
        Assert.Null(back);
    }

    [Fact]
    public async Task A_stop_gets_past_what_another_manager_holds_and_the_next_start_past_the_stop()
    {
        await using var ns = await NewNamespace();
        await using var driver = new TestDriver(ns).Watching();
        var desired = await Running(driver);
        var theirs = new JsonObject
        {
            ["apiVersion"] = "apps/v1",
            ["kind"] = "Deployment",
            ["metadata"] = new JsonObject { ["name"] = $"ws-{desired.WorkspaceId}" },
            ["spec"] = new JsonObject { ["replicas"] = 2 },
        };
        await (await fixture.Get()).Admin.Apply(
            ns.Path(Deployments, $"ws-{desired.WorkspaceId}"),
            theirs,
            "somebody-else",
            Ct
        );

        Change(desired, WorkspacePower.Stopped);
        var refused = await driver.Apply(desired, Ct);
        await driver.Sink.Until(desired.WorkspaceId, WorkspaceState.Stopped, w => w.Generation == 2, Ct);
        Change(desired, WorkspacePower.Stopped);
        var again = await driver.Apply(desired, Ct);
        Change(desired, WorkspacePower.Running);
        var started = await driver.Apply(desired, Ct);
        await driver.Sink.Until(desired.WorkspaceId, WorkspaceState.Running, w => w.Generation == 4, Ct);

        Assert.Equal("field_conflict", refused?.Code);
        Assert.Contains("somebody-else", refused!.Message, StringComparison.Ordinal);
        Assert.Null(again);
        Assert.Null(started);
    }

    [Fact]
    public async Task A_right_that_is_withdrawn_for_one_kind_blocks_neither_stop_nor_what_can_be_deleted()
    {
        await using var ns = await NewNamespace();
        await using var driver = new TestDriver(ns).Watching();
        var desired = await Running(driver);
        await ns.SetRules(TestDriver.Rules(ns.Name).Where(r => r.Resource != Claims), Ct);

        desired.Generation = 2;
        desired.Power = WorkspacePower.Stopped;
        var refused = await driver.Apply(desired, Ct);
        await driver.Sink.Until(desired.WorkspaceId, WorkspaceState.Stopped, w => w.Generation == 2, Ct);
        var kept = await Assert.ThrowsAsync<ClusterException>(() => driver.Remove(desired.WorkspaceId, Ct));

        Assert.Equal(("permissions_insufficient", "permissions_insufficient"), (refused?.Code, kept.Code));
        foreach (var gone in Kinds.Where(k => k != Claims))
            await (await fixture.Get()).Admin.Until(ns.Path(gone, $"ws-{desired.WorkspaceId}"), o => o is null, Ct);
        await ns.SetRules(TestDriver.Rules(ns.Name), Ct);
        await UntilRemoved(driver, desired.WorkspaceId);
        Assert.Null(await ns.Get(Claims, $"ws-{desired.WorkspaceId}", Ct));
    }

    [Fact]
    public async Task A_workspace_whose_volume_somebody_deletes_can_be_stopped_which_lets_the_volume_go()
    {
        await using var ns = await NewNamespace();
        await using var driver = new TestDriver(ns).Watching();
        var desired = await Running(driver);
        var (admin, path) = ((await fixture.Get()).Admin, ns.Path(Claims, $"ws-{desired.WorkspaceId}"));
        // A pod that uses it keeps it.
        await admin.Delete(path, Ct);
        await admin.Until(path, c => c!["metadata"]!["deletionTimestamp"] is not null, Ct);

        desired.Generation = 2;
        desired.Power = WorkspacePower.Stopped;
        await driver.Apply(desired, Ct);

        await admin.Until(path, c => c is null, Ct);
    }

    [Fact]
    public async Task A_companion_that_is_kept_by_a_finalizer_is_asked_for_until_it_is_gone()
    {
        await using var ns = await NewNamespace();
        await using var driver = new TestDriver(ns).Watching();
        var id = (await Running(driver)).WorkspaceId;
        var (admin, path) = ((await fixture.Get()).Admin, ns.Path("services", $"ws-{id}"));
        await admin.Patch(path, JsonNode.Parse("""{"metadata":{"finalizers":["example.com/keep"]}}""")!, Ct);

        await driver.Remove(id, Ct);
        await driver.Sink.UntilGone(id, Ct);
        var left = await Assert.ThrowsAsync<ClusterException>(() => driver.Remove(id, Ct));
        await admin.Patch(path, JsonNode.Parse("""{"metadata":{"finalizers":null}}""")!, Ct);

        Assert.Equal(("object_deleting", true), (left.Code, left.Transient));
        await UntilRemoved(driver, id);
    }

    /// <summary>Refuses the first such request for an object of that kind as the API server would.</summary>
    private static Func<SeenRequest, Fault?> Refuse(
        string method,
        string kind,
        int status,
        Func<SeenRequest, bool> which,
        string? message = null
    )
    {
        var left = 1;
        message ??= status switch
        {
            403 => "admission webhook \\\"policy\\\" denied the request",
            409 => "the object has been modified",
            _ => "the object is invalid",
        };
        return r =>
            r.Method == method
            && r.Path.Contains($"/{kind}/ws-", StringComparison.Ordinal)
            && which(r)
            && Interlocked.Decrement(ref left) >= 0
                ? new Fault(status, message)
                : null;
    }

    private static string? Code(string kind, int status) =>
        (kind, status) switch
        {
            // This cluster's own API server refuses it too.
            (Claims, _) => ClusterCodes.DiskResizeRefused,
            (_, 403) => ClusterCodes.ClusterRefused,
            (_, 422) => ClusterCodes.InvalidObject,
            // A race: it was decided again.
            _ => null,
        };

    /// <summary>The next generation, with other auxiliary and, if it grows, another volume.</summary>
    private static void Change(WorkspaceDesired desired, WorkspacePower power, bool grows = false)
    {
        desired.Generation++;
        desired.Power = power;
        if (grows)
            desired.Spec.Disk = "20Gi";
        desired.Details = new WorkspaceDetails
        {
            ServiceAccountAnnotations = { ["example.com/note"] = $"{desired.Generation}" },
        };
    }

    private static async Task<WorkspaceDesired> Running(TestDriver driver)
    {
        var desired = TestDriver.Desired(TestDriver.NewId());
        Assert.Null(await driver.Apply(desired, Ct));
        await driver.Sink.Until(desired.WorkspaceId, WorkspaceState.Running, Ct);
        return desired;
    }

    /// <summary>Asks as the reconciler does: when nothing is heard of any more, and again after what passes.</summary>
    private static async Task UntilRemoved(TestDriver driver, string id)
    {
        while (await Left())
            await Task.Delay(50, Ct);

        async Task<bool> Left()
        {
            try
            {
                return await driver.Remove(id, Ct);
            }
            catch (ClusterException e) when (e.Transient)
            {
                return true;
            }
        }
    }

    private static TestDriver Through(FaultyApi api) =>
        new TestDriver(new KubernetesOptions { Kubeconfig = api.Kubeconfig, RelistJitter = TimeSpan.Zero }).Watching();

    private async Task<TestNamespace> NewNamespace() =>
        await (await fixture.Get()).CreateNamespace(TestDriver.Rules, Ct);
}
