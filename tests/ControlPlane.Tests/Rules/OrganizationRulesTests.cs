using Coder.Mesh.ControlPlane.Tests.Api.Json;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;

namespace Coder.Mesh.ControlPlane.Tests.Rules;

/// <summary>R2, R5 and R6 of organizations, one caller at a time.</summary>
public sealed class OrganizationRulesTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    [Fact]
    public async Task R2_an_organizations_name_is_its_own_until_it_is_deleted()
    {
        await using var mesh = await Mesh.Start(Postgres, Ct);
        var first = await mesh.Organization("science");

        Assert.Equal(ErrorReasons.OrganizationExists, await mesh.Organization("science").Answer());
        await mesh.DeleteOrganization("science");
        var second = await mesh.Organization("science");

        Assert.NotEqual(first.Id, second.Id);
        Assert.Equal(ErrorReasons.OrganizationNotFound, await mesh.Read(first.Id).Answer());
    }

    [Fact]
    public async Task R5_an_organization_stays_allowed_where_it_has_an_unfinished_workspace()
    {
        await using var mesh = await Mesh.Start(Postgres, Ct, "west");
        await mesh.Organization("science", "west");
        await mesh.Organization("arts", "west");
        var workspace = await mesh.Place("dev", "science", "west");

        Assert.Equal(ErrorReasons.OrganizationUsesProvider, await mesh.Disallow("science", "west").Answer());
        Assert.Equal("ok", await mesh.Disallow("arts", "west").Answer());
        await mesh.Finish("west", workspace);

        Assert.Equal("ok", await mesh.Disallow("science", "west").Answer());
        Assert.Equal("ok", await mesh.Disallow("science", "west").Answer());
    }

    [Fact]
    public async Task R6_a_new_organization_may_use_the_built_in_provider_only_and_always_has_one()
    {
        await using var mesh = await Mesh.Start(Postgres, Ct);
        await mesh.Create("west");
        await mesh.Organization("science");

        Assert.Equal(["built-in"], (await mesh.Read("science")).Providers);
        Assert.Equal(ErrorReasons.ProviderLastOfOrganization, await mesh.Disallow("science", "built-in").Answer());
        await mesh.Allow("science", "west");
        await mesh.Disallow("science", "built-in");
        Assert.Equal(ErrorReasons.ProviderLastOfOrganization, await mesh.Disallow("science", "west").Answer());
        Assert.Equal(["west"], (await mesh.Read("science")).Providers);
    }

    [Fact]
    public async Task An_organization_with_unfinished_workspaces_is_not_deleted()
    {
        await using var mesh = await Mesh.Start(Postgres, Ct);
        await mesh.BuiltInReady();
        await mesh.Organization("science");
        var workspace = await mesh.Place("dev", "science");

        Assert.Equal(1, (await mesh.Read("science")).UnfinishedWorkspaces);
        Assert.Equal(ErrorReasons.OrganizationInUse, await mesh.DeleteOrganization("science").Answer());
        await mesh.Finish("built-in", workspace);

        Assert.Equal("ok", await mesh.DeleteOrganization("science").Answer());
        Assert.Equal(ErrorReasons.OrganizationNotFound, await mesh.Place("dev", "science").Answer());
        Assert.Equal(ErrorReasons.OrganizationNotFound, await mesh.Allow("science", "built-in").Answer());
    }

    [Fact]
    public async Task Lists_hold_those_that_may_use_a_provider_and_say_what_each_may_use()
    {
        await using var mesh = await Mesh.Start(Postgres, Ct);
        await mesh.Create("west");
        await mesh.Organization("science", "west");
        await mesh.Organization("arts");

        var all = await List(mesh, "");
        var west = await List(mesh, "west");

        Assert.Equal(["arts", "default", "science"], all.Select(o => o.Name));
        Assert.Equal(["science"], west.Select(o => o.Name));
        Assert.Equal(["built-in", "west"], west[0].Providers);
        Assert.Equal(["science"], (await mesh.Plane.Provider("west", Ct)).Organizations);
    }

    private static async Task<IList<Organization>> List(Mesh mesh, string provider) =>
        (
            await mesh.Plane.Organizations.ListOrganizationsAsync(
                new ListOrganizationsRequest { Provider = provider },
                mesh.Plane.Admin,
                cancellationToken: Ct
            )
        ).Organizations;
}
