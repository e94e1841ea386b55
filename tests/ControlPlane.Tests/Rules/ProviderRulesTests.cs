using Coder.Mesh.ControlPlane.Tests.Api.Json;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Grpc.Core;

namespace Coder.Mesh.ControlPlane.Tests.Rules;

/// <summary>R1 to R4, one caller at a time.</summary>
public sealed class ProviderRulesTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    [Fact]
    public async Task R1_the_built_in_provider_is_neither_deleted_nor_forgotten_but_renamed_and_cordoned()
    {
        await using var mesh = await Mesh.Start(Postgres, Ct, "west");
        await mesh.SetDefault("west");

        Assert.Equal(ErrorReasons.ProviderBuiltIn, await mesh.Delete("built-in").Answer());
        Assert.Equal(ErrorReasons.ProviderBuiltIn, await mesh.Forget("built-in", force: true).Answer());
        await Rename(mesh, "built-in", "home");
        await mesh.Cordon("home");

        var provider = await mesh.Plane.Provider("home", Ct);
        Assert.Equal(ProviderKind.BuiltIn, provider.Kind);
        Assert.Equal(("maintenance", "admin"), (provider.Cordon.Reason, provider.Cordon.User));
    }

    [Fact]
    public async Task R2_a_name_is_one_providers_and_free_again_when_it_is_renamed_deleted_or_forgotten()
    {
        await using var mesh = await Mesh.Start(Postgres, Ct);
        foreach (var name in new[] { "a", "b", "c" })
            await mesh.Create(name);

        Assert.Equal(ErrorReasons.ProviderExists, await Rename(mesh, "b", "a").Answer());
        await Rename(mesh, "a", "z");
        await Rename(mesh, "b", "a");
        await mesh.Delete("a");
        await mesh.Forget("c", force: true);

        foreach (var name in new[] { "a", "b", "c" })
            Assert.Equal("ok", await mesh.Create(name).Answer());
    }

    [Fact]
    public async Task R3_there_is_always_one_default_and_it_is_neither_deleted_nor_forgotten()
    {
        await using var mesh = await Mesh.Start(Postgres, Ct);
        await mesh.Create("west");
        await mesh.Create("east");

        await mesh.SetDefault("west");
        Assert.Equal(ErrorReasons.ProviderIsDefault, await mesh.Delete("west").Answer());
        Assert.Equal(ErrorReasons.ProviderIsDefault, await mesh.Forget("west", force: true).Answer());
        await mesh.SetDefault("east");
        await mesh.SetDefault("east");

        Assert.Equal(["east"], (await List(mesh)).Where(p => p.IsDefault).Select(p => p.Name));
        Assert.Equal("ok", await mesh.Delete("west").Answer());
    }

    [Fact]
    public async Task R3_a_cordoned_provider_doesnt_become_the_default_and_to_cordon_the_default_warns()
    {
        await using var mesh = await Mesh.Start(Postgres, Ct);
        await mesh.Create("west");
        await mesh.Cordon("west");

        Assert.Equal(ErrorReasons.ProviderCordoned, await mesh.SetDefault("west").Answer());
        await mesh.Uncordon("west");
        await mesh.SetDefault("west");
        var cordoned = await mesh.Cordon("west");

        Assert.Contains("default", cordoned.Warning, StringComparison.Ordinal);
        Assert.Empty((await mesh.Cordon("built-in")).Warning);
    }

    [Fact]
    public async Task R4_a_provider_that_holds_an_unfinished_workspace_or_is_an_organizations_last_is_not_deleted()
    {
        await using var mesh = await Mesh.Start(Postgres, Ct, "west");
        await mesh.Organization("science", "west");
        await mesh.Disallow("science", "built-in");
        var workspace = await mesh.Place("dev", "science", "west");

        Assert.Equal(ErrorReasons.ProviderInUse, await mesh.Delete("west").Answer());
        await mesh.Finish("west", workspace);
        Assert.Equal(ErrorReasons.ProviderLastOfOrganization, await mesh.Delete("west").Answer());
        await mesh.Allow("science", "built-in");
        await mesh.Delete("west");

        Assert.Equal(["built-in"], (await mesh.Read("science")).Providers);
    }

    [Fact]
    public async Task R4_forget_ends_workspaces_as_lost_leaves_all_allowlists_and_refuses_the_agent_for_good()
    {
        await using var mesh = await Mesh.Start(Postgres, Ct);
        var created = await mesh.Create("west");
        using var agent = await TestAgent.Attach(mesh.Plane, created.Token, Ct);
        await mesh.Organization("science", "west");
        await mesh.Disallow("science", "built-in");
        var one = await mesh.Place("one", "science", "west");
        var two = await mesh.Place("two", "science", "west");

        Assert.Equal(ErrorReasons.ProviderNotLost, await mesh.Forget("west").Answer());
        Assert.Equal(ErrorReasons.InvalidArgument, await mesh.Forget("west", confirm: "east", force: true).Answer());
        var forgotten = await mesh.Forget("west", force: true);

        Assert.Equal(2, forgotten.LostWorkspaces);
        Assert.Equal(
            "kubectl --namespace workspaces delete "
                + "deployments.apps,serviceaccounts,networkpolicies.networking.k8s.io,services,persistentvolumeclaims "
                + $"--selector mesh.coder.com/provider-id={created.Provider.Id}",
            forgotten.CleanupCommand
        );
        foreach (var id in new[] { one.Id, two.Id })
        {
            var lost = await mesh.Plane.Workspace(id, Ct);
            Assert.Equal((WorkspaceState.Lost, "the cluster burnt down"), (lost.State, lost.StateMessage));
        }

        Assert.Empty((await mesh.Read("science")).Providers);
        Assert.Equal(ErrorReasons.ProviderDeleted, Reason(await agent.End(Ct)));
        using var again = TestAgent.Open(mesh.Plane, created.Token);
        await again.Send(new Coder.Mesh.Agent.V1.ConnectRequest { Hello = TestAgent.Hello() }, Ct);
        Assert.Equal(ErrorReasons.ProviderDeleted, Reason(await again.End(Ct)));
        Assert.Equal("ok", await mesh.Create("west").Answer());
    }

    [Fact]
    public async Task Details_change_only_where_the_mask_says_so()
    {
        await using var mesh = await Mesh.Start(Postgres, Ct);
        await mesh.Create(
            "west",
            new ProviderDetails
            {
                Region = "us-west",
                Hostname = "h",
                MaxWorkspaces = 7,
            }
        );

        var updated = await Update(mesh, "west", new ProviderDetails { Region = "eu" }, "details.region");
        Assert.Equal(("eu", "h", 7), (updated.Region, updated.Hostname, updated.MaxWorkspaces));
        updated = await Update(mesh, "west", new ProviderDetails(), "details.hostname", "details.max_workspaces");
        Assert.Equal(("eu", "", 0), (updated.Region, updated.Hostname, updated.MaxWorkspaces));
        updated = await Update(mesh, "west", new ProviderDetails { StorageClass = "fast" }, "details");
        Assert.Equal(("", "fast"), (updated.Region, updated.StorageClass));

        var wrong = await Assert.ThrowsAsync<RpcException>(() => Update(mesh, "west", new ProviderDetails(), "name"));
        Assert.Equal(["update_mask"], Fields(wrong));
        wrong = await Assert.ThrowsAsync<RpcException>(() => Update(mesh, "west", new ProviderDetails()));
        Assert.Equal(["update_mask"], Fields(wrong));
    }

    [Fact]
    public async Task An_etag_of_before_somebody_elses_change_is_refused_and_nothing_is_written()
    {
        await using var mesh = await Mesh.Start(Postgres, Ct);
        var before = (await mesh.Create("west")).Provider;
        await mesh.Cordon("west");
        var history = (await mesh.History("west")).Count;

        foreach (
            var call in new[] { Rename(mesh, "west", "east", before.Etag), Uncordon(before.Etag), Delete(before.Etag) }
        )
            Assert.Equal(ErrorReasons.EtagMismatch, await call.Answer());
        Assert.Equal(history, (await mesh.History("west")).Count);
        Assert.Equal("ok", await Uncordon((await mesh.Plane.Provider("west", Ct)).Etag).Answer());

        async Task Uncordon(string etag) =>
            await mesh.Plane.Providers.UncordonProviderAsync(
                new UncordonProviderRequest { Provider = "west", Etag = etag },
                mesh.Plane.Admin,
                cancellationToken: Ct
            );
        async Task Delete(string etag) =>
            await mesh.Plane.Providers.DeleteProviderAsync(
                new DeleteProviderRequest { Provider = "west", Etag = etag },
                mesh.Plane.Admin,
                cancellationToken: Ct
            );
    }

    private static async Task Rename(Mesh mesh, string from, string to, string etag = "") =>
        await mesh.Plane.Providers.RenameProviderAsync(
            new RenameProviderRequest
            {
                Provider = from,
                NewName = to,
                Etag = etag,
            },
            mesh.Plane.Admin,
            cancellationToken: Ct
        );

    private static async Task<ProviderDetails> Update(
        Mesh mesh,
        string provider,
        ProviderDetails details,
        params string[] paths
    ) => (
            await mesh.Plane.Providers.UpdateProviderAsync(
                new UpdateProviderRequest
                {
                    Provider = provider,
                    Details = details,
                    UpdateMask = new Google.Protobuf.WellKnownTypes.FieldMask { Paths = { paths } },
                },
                mesh.Plane.Admin,
                cancellationToken: Ct
            )
        ).Provider.Details;

    private static async Task<IEnumerable<Provider>> List(Mesh mesh) =>
        (
            await mesh.Plane.Providers.ListProvidersAsync(
                new ListProvidersRequest(),
                mesh.Plane.Admin,
                cancellationToken: Ct
            )
        ).Providers;
}
