using Coder.Mesh.ControlPlane.Tests.Api.Json;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Grpc.Core;

namespace Coder.Mesh.ControlPlane.Tests.Rules;

/// <summary>R7, and what becomes of a workspace that its agent can't end.</summary>
public sealed class PlacementRulesTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    [Fact]
    public async Task R7_a_refusal_names_every_cause_at_once_and_the_providers_that_eligible_providers()
    {
        await using var mesh = await Mesh.Start(Postgres, Ct, "east");
        var full = new ProviderDetails { MaxWorkspaces = 1, Region = "eu" };
        await mesh.Ready("west", full);
        await mesh.Organization("science", "east", "west");
        await mesh.Place("one", "science", "west");
        await mesh.Disallow("science", "built-in");
        await mesh.Cordon("west", "new disks");
        mesh.Agent("west").Dispose();
        await mesh.Organization("arts");

        var causes = await mesh.Place("two", "arts", "west", region: "us").Causes();
        var refused = await Assert.ThrowsAsync<RpcException>(() => mesh.Place("two", "science", "west"));

        Assert.Equal(["NOT_ALLOWED", "CORDONED", "AT_CAPACITY", "OTHER_REGION"], causes);
        Assert.Equal(ErrorReasons.PlacementRefused, Reason(refused));
        Assert.Equal("east", refused.EligibleProviders());
        Assert.Contains("new disks", refused.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task R7_a_provider_that_isnt_ready_is_refused_with_its_status_code()
    {
        await using var mesh = await Mesh.Start(Postgres, Ct);
        await mesh.Create("pending");
        await mesh.Ready("broken");
        await mesh.Agent("broken").Heartbeat(Ct, TestAgent.Unreachable());
        await UntilStatus(mesh.Plane, "broken", ProviderStatus.Error);
        foreach (var name in new[] { "pending", "broken" })
            await mesh.Allow("default", name);

        var pending = await Assert.ThrowsAsync<RpcException>(() => mesh.Place("dev", provider: "pending"));
        var broken = await Assert.ThrowsAsync<RpcException>(() => mesh.Place("dev", provider: "broken"));

        Assert.Contains("Pending", pending.Status.Detail, StringComparison.Ordinal);
        Assert.Contains("cluster_unreachable: connection refused", broken.Status.Detail, StringComparison.Ordinal);
        Assert.Equal("", broken.EligibleProviders());
    }

    [Fact]
    public async Task R7_with_no_provider_named_the_default_is_tried_and_only_it()
    {
        await using var mesh = await Mesh.Start(Postgres, Ct, "west");
        await mesh.Allow("default", "west");

        var refused = await Assert.ThrowsAsync<RpcException>(() => mesh.Place("dev"));
        await mesh.SetDefault("west");
        var placed = await mesh.Place("dev");

        Assert.Equal("west", refused.EligibleProviders());
        Assert.Equal("west", placed.Provider);
    }

    [Fact]
    public async Task R7_a_maximum_counts_unfinished_workspaces_only_and_can_be_raised()
    {
        await using var mesh = await Mesh.Start(Postgres, Ct);
        await mesh.Ready("west", new ProviderDetails { MaxWorkspaces = 2 });
        await mesh.Allow("default", "west");
        var first = await mesh.Place("one", provider: "west");
        await mesh.Place("two", provider: "west");

        Assert.Equal(["AT_CAPACITY"], await mesh.Place("three", provider: "west").Causes());
        await mesh.Finish("west", first);
        Assert.Equal("ok", await mesh.Place("three", provider: "west").Answer());
    }

    [Fact]
    public async Task Regions_choose_among_what_is_named_and_among_what_is_advised()
    {
        await using var mesh = await Mesh.Start(Postgres, Ct);
        await mesh.Ready("paris", new ProviderDetails { Region = "eu" });
        await mesh.Ready("texas", new ProviderDetails { Region = "us" });
        foreach (var name in new[] { "paris", "texas" })
            await mesh.Allow("default", name);

        var refused = await Assert.ThrowsAsync<RpcException>(() => mesh.Place("dev", provider: "paris", region: "us"));

        Assert.Equal("texas", refused.EligibleProviders());
        Assert.Equal("paris", (await mesh.Place("dev", provider: "paris", region: "eu")).Provider);
        Assert.Equal(["paris"], (await List(mesh, new ListProvidersRequest { Region = "eu" })).Select(p => p.Name));
    }

    [Fact]
    public async Task Lists_are_filtered_by_organization_status_and_cordon()
    {
        await using var mesh = await Mesh.Start(Postgres, Ct, "east", "west");
        await mesh.Create("north");
        await mesh.Organization("science", "east", "north");
        await mesh.Cordon("east");

        Assert.Equal(["built-in", "east", "north"], await Names(new ListProvidersRequest { Organization = "science" }));
        Assert.Equal(["east", "west"], await Names(new ListProvidersRequest { Status = ProviderStatus.Ready }));
        Assert.Equal(["east"], await Names(new ListProvidersRequest { Cordoned = true }));
        Assert.Equal(
            ["north"],
            await Names(
                new ListProvidersRequest
                {
                    Organization = "science",
                    Cordoned = false,
                    Status = ProviderStatus.Pending,
                    PageToken = Page("built-in"),
                }
            )
        );

        async Task<IEnumerable<string>> Names(ListProvidersRequest request) =>
            (await List(mesh, request)).Select(p => p.Name);
        static string Page(string after) => Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(after));
    }

    [Fact]
    public async Task Workspaces_are_listed_by_owner_and_state()
    {
        await using var mesh = await Mesh.Start(Postgres, Ct);
        await mesh.BuiltInReady();
        var running = await mesh.Place("one");
        await mesh.Place("two");
        await mesh.Agent("built-in").Observe(running.Id, 1, WorkspaceState.Running, Ct);
        await UntilState(mesh.Plane, running.Id, WorkspaceState.Running);

        Assert.Equal(["one"], await Names(new ListWorkspacesRequest { State = WorkspaceState.Running }));
        Assert.Equal(["one", "two"], await Names(new ListWorkspacesRequest { Owner = "admin" }));
        Assert.Empty(await Names(new ListWorkspacesRequest { Owner = "nobody" }));
        Assert.Empty(await Names(new ListWorkspacesRequest { State = WorkspaceState.Lost }));
        var error = await Assert.ThrowsAsync<RpcException>(() =>
            Names(new ListWorkspacesRequest { State = (WorkspaceState)99 })
        );
        Assert.Equal(["state"], Fields(error));

        async Task<IEnumerable<string>> Names(ListWorkspacesRequest request) =>
            (
                await mesh.Plane.Workspaces.ListWorkspacesAsync(request, mesh.Plane.Admin, cancellationToken: Ct)
            ).Workspaces.Select(w => w.Name);
    }

    [Fact]
    public async Task A_workspace_is_abandoned_only_where_its_agent_cant_end_it_and_its_name_is_free_then()
    {
        await using var mesh = await Mesh.Start(Postgres, Ct);
        await mesh.BuiltInReady();
        var workspace = await mesh.Place("dev");

        Assert.Equal(ErrorReasons.WorkspaceNotStuck, await Abandon(mesh, "dev").Answer());
        await mesh.Agent("built-in").Heartbeat(Ct, TestAgent.Unreachable());
        await UntilStatus(mesh.Plane, "built-in", ProviderStatus.Error);
        await Abandon(mesh, "dev");
        Assert.Equal(ErrorReasons.WorkspaceDeleting, await Abandon(mesh, workspace.Id).Answer());

        var lost = await mesh.Plane.Workspace(workspace.Id, Ct);
        Assert.Equal((WorkspaceState.Lost, "no hope"), (lost.State, lost.StateMessage));
        await mesh.Agent("built-in").Heartbeat(Ct, TestAgent.Ready());
        await UntilStatus(mesh.Plane, "built-in", ProviderStatus.Ready);
        Assert.Equal("ok", await mesh.Place("dev").Answer());
    }

    private static async Task Abandon(Mesh mesh, string workspace) =>
        await mesh.Plane.Workspaces.AbandonWorkspaceAsync(
            new AbandonWorkspaceRequest { Workspace = workspace, Reason = "no hope" },
            mesh.Plane.Admin,
            cancellationToken: Ct
        );

    private static async Task<IEnumerable<Provider>> List(Mesh mesh, ListProvidersRequest request) =>
        (await mesh.Plane.Providers.ListProvidersAsync(request, mesh.Plane.Admin, cancellationToken: Ct)).Providers;
}
