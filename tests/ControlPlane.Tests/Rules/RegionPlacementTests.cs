using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Google.Rpc;
using Grpc.Core;

namespace Coder.Mesh.ControlPlane.Tests.Rules;

/// <summary>
/// R7 where a region is given and no provider: one of the region is chosen, and the answer says which.
/// </summary>
public sealed class RegionPlacementTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    [Fact]
    public async Task R7_of_a_region_the_default_is_taken_first_then_the_first_by_name()
    {
        await using var mesh = await Start("eu", "b", "a", "c-c", "c0");

        var byName = await mesh.Place("one", region: "eu");
        await mesh.SetDefault("c0");
        var byDefault = await mesh.Place("two", region: "eu");
        await mesh.Cordon("c0");
        await mesh.Cordon("a");
        await mesh.Cordon("b");
        // A dash comes before a digit, whatever the database's collation says.
        var last = await mesh.Place("three", region: "eu");

        Assert.Equal(["a", "c0", "c-c"], new[] { byName, byDefault, last }.Select(w => w.Provider));
    }

    [Fact]
    public async Task R7_a_default_outside_the_region_is_not_taken()
    {
        await using var mesh = await Start("eu", "paris");
        await mesh.BuiltInReady();

        Assert.Equal("paris", (await mesh.Place("dev", region: "eu")).Provider);
        Assert.Equal("built-in", (await mesh.Place("dev2")).Provider);
    }

    [Fact]
    public async Task R7_of_a_region_what_is_not_allowed_not_ready_cordoned_or_full_is_passed_over()
    {
        await using var mesh = await Start("eu", "b-cordoned", "d-broken", "e-good");
        await mesh.Ready("a-forbidden", In("eu"));
        await mesh.Ready("c-full", In("eu", max: 1));
        await mesh.Allow("default", "c-full");
        await mesh.Place("first", provider: "c-full");
        await mesh.Cordon("b-cordoned");
        await mesh.Agent("d-broken").Heartbeat(Ct, TestAgent.Unreachable());
        await UntilStatus(mesh.Plane, "d-broken", ProviderStatus.Error);

        Assert.Equal("e-good", (await mesh.Place("dev", region: "eu")).Provider);

        await mesh.Cordon("e-good");
        Assert.Equal(
            ["NOT_ALLOWED", "CORDONED", "AT_CAPACITY", "NOT_READY", "CORDONED"],
            await mesh.Place("dev2", region: "eu").Causes()
        );
    }

    [Fact]
    public async Task R7_a_region_that_cant_take_it_is_refused_with_every_cause_of_each_provider_and_those_elsewhere()
    {
        await using var mesh = await Start("eu", "b");
        await mesh.Ready("a", In("eu"));
        await mesh.Ready("texas", In("us"));
        await mesh.Allow("default", "texas");
        await mesh.Create("pending", In("eu", max: 1));
        await mesh.Cordon("a", "new disks");
        await mesh.Cordon("b", "old disks");

        var refused = await Assert.ThrowsAsync<RpcException>(() => mesh.Place("dev", region: "eu"));

        Assert.Equal(
            ["a NOT_ALLOWED", "a CORDONED", "b CORDONED", "pending NOT_ALLOWED", "pending NOT_READY"],
            refused.GetRpcStatus()!.GetDetail<PreconditionFailure>()!.Violations.Select(v => $"{v.Subject} {v.Type}")
        );
        var metadata = refused.GetRpcStatus()!.GetDetail<ErrorInfo>()!.Metadata;
        Assert.Equal(
            ("", "texas", "eu"),
            (metadata["eligible_providers"], metadata["eligible_elsewhere"], metadata["region"])
        );
        Assert.Contains("old disks", refused.Status.Detail, StringComparison.Ordinal);
        Assert.Contains("texas", refused.Status.Detail, StringComparison.Ordinal);
        Assert.Equal("texas", (await mesh.Place("dev", provider: "texas")).Provider);
    }

    [Fact]
    public async Task R7_a_region_without_providers_is_refused_as_such()
    {
        await using var mesh = await Start("eu", "paris");

        Assert.Equal(["NO_SUCH_REGION"], await mesh.Place("dev", region: "mars").Causes());
    }

    [Fact]
    public async Task R9_a_repetition_returns_the_first_choice_though_another_would_be_made_now()
    {
        await using var mesh = await Start("eu", "a", "b");

        var first = await mesh.Place("dev", region: "eu", requestId: "r1");
        await mesh.Cordon("a");
        var again = await mesh.Place("dev", region: "eu", requestId: "r1");

        Assert.Equal((first.Id, "a"), (again.Id, again.Provider));
    }

    [Fact]
    public async Task R7_two_that_want_the_last_place_of_the_preferred_provider_get_one_place_each()
    {
        await using var mesh = await Start("eu");
        await mesh.Ready("a", In("eu", max: 1));
        await mesh.Ready("b", In("eu"));
        foreach (var name in new[] { "a", "b" })
            await mesh.Allow("default", name);

        var placed = await AtOnce(mesh, "a", 2, i => mesh.Place($"dev{i}", region: "eu"));

        Assert.Equal(["a", "b"], placed.Select(p => p.Provider).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task R7_a_crowd_fills_a_region_to_the_last_place_and_only_then_is_refused()
    {
        // All of them wait at one lock: no more than the calls of one caller that are let in at any time.
        const int Places = 4;
        await using var mesh = await Start("eu");
        for (var i = 0; i < Places; i++)
        {
            await mesh.Ready($"p{i:00}", In("eu", max: 1));
            await mesh.Allow("default", $"p{i:00}");
        }

        var placed = await AtOnce(mesh, "p00", Places, i => mesh.Place($"dev{i}", region: "eu"));
        var causes = await mesh.Place("late", region: "eu").Causes();

        Assert.Equal(Places, placed.Select(p => p.Provider).Distinct().Count());
        Assert.Equal(Enumerable.Repeat("AT_CAPACITY", Places), causes);
    }

    [Fact]
    public async Task R7_a_maximum_that_comes_while_it_is_chosen_holds_for_all_who_chose_it()
    {
        await using var mesh = await Start("eu", "a", "b");
        var a = await mesh.ProviderId("a");
        Task<Workspace>[] placing;
        // Nobody commits before both have decided, or wait for each other.
        await using (var append = await HeldLock.Events(mesh.Database, Ct))
        {
            await using (var held = await HeldLock.Provider(mesh.Database, a, Ct))
            {
                placing = [mesh.Place("dev1", region: "eu"), mesh.Place("dev2", region: "eu")];
                await held.Until(2, Ct);
                await held.Execute(
                    $"update mesh.mt_doc_provider set data = jsonb_set(data, '{{Details,MaxWorkspaces}}', '1') where id = 'provider-{a}'",
                    Ct
                );
                await held.Commit(Ct);
            }

            await append.Until(2, Ct);
        }

        var placed = await Task.WhenAll(placing);
        Assert.Equal(["a", "b"], placed.Select(p => p.Provider).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task R7_a_provider_that_is_cordoned_while_it_is_chosen_is_passed_over()
    {
        await using var mesh = await Start("eu", "a", "b");
        var held = await HeldLock.Provider(mesh.Database, await mesh.ProviderId("a"), Ct);
        Task<CordonProviderResponse> cordon;
        Task<Workspace> place;
        await using (held)
        {
            cordon = mesh.Cordon("a");
            await held.Until(1, Ct);
            place = mesh.Place("dev", region: "eu");
            await held.Until(2, Ct);
        }

        await cordon;
        Assert.Equal("b", (await place).Provider);
    }

    [Fact]
    public async Task R5_an_organization_that_is_disallowed_while_one_is_chosen_gets_another()
    {
        await using var mesh = await Start("eu", "a", "b");
        var held = await HeldLock.Organization(mesh.Database, await mesh.OrganizationId("default"), Ct);
        Task disallow;
        Task<Workspace> place;
        await using (held)
        {
            disallow = mesh.Disallow("default", "a");
            await held.Until(1, Ct);
            place = mesh.Place("dev", region: "eu");
            await held.Until(2, Ct);
        }

        await disallow;
        Assert.Equal("b", (await place).Provider);
        Assert.Empty(await Invariants.Broken(mesh.Database, Ct));
    }

    /// <summary>All of them wait for the lock of a provider before the first of them goes on.</summary>
    private static async Task<Workspace[]> AtOnce(
        Mesh mesh,
        string preferred,
        int count,
        Func<int, Task<Workspace>> place
    )
    {
        var held = await HeldLock.Provider(mesh.Database, await mesh.ProviderId(preferred), Ct);
        List<Task<Workspace>> placing;
        await using (held)
        {
            placing = [.. Enumerable.Range(0, count).Select(place)];
            await held.Until(count, Ct);
        }

        return await Task.WhenAll(placing);
    }

    /// <param name="ready">Providers of the region that are Ready and allowed for organization "default".</param>
    private async Task<Mesh> Start(string region, params string[] ready)
    {
        var mesh = await Mesh.Start(Postgres, Ct);
        foreach (var name in ready)
        {
            await mesh.Ready(name, In(region));
            await mesh.Allow("default", name);
        }

        return mesh;
    }

    private static ProviderDetails In(string region, int max = 0) => new() { Region = region, MaxWorkspaces = max };
}
