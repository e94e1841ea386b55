using Coder.Mesh.ControlPlane.Operations;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.ControlPlane.Watches;
using Coder.Mesh.Protocol.Client;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Microsoft.Extensions.DependencyInjection;

namespace Coder.Mesh.ControlPlane.Tests.Watches;

/// <summary>
/// Organizations are watched, and what a provider or an organization shows of others is reported when it changes.
/// </summary>
public sealed class DependentChangeTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    [Fact]
    public async Task A_changed_default_is_reported_of_both_providers_and_of_the_deployment()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        await mesh.Create("west");
        using var watch = await WatchProbe.Providers(mesh.Plane, Ct);
        var deployment = mesh.Plane.Services.GetRequiredService<DeploymentOperations>();
        await using var changes = (await deployment.Watch("")).Value.GetAsyncEnumerator(Ct);
        Assert.True(await changes.MoveNextAsync());

        await mesh.Plane.Providers.SetDefaultProviderAsync(
            new() { Provider = "west" },
            mesh.Plane.Admin,
            cancellationToken: Ct
        );

        WatchProvidersResponse[] told = [await watch.Next(Ct), await watch.Next(Ct)];
        Assert.Equal(
            [("built-in", false), ("west", true)],
            told.Select(m => (m.Provider.Name, m.Provider.IsDefault)).Order()
        );
        Assert.True(await changes.MoveNextAsync());
        Assert.NotEqual("", changes.Current.Deployment?.Etag);
        Assert.Equal(ChangeType.Changed, changes.Current.Type);
    }

    [Fact]
    public async Task A_changed_allowlist_is_reported_of_the_organization_and_of_the_provider()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        await mesh.Create("west");
        using var providers = await WatchProbe.Providers(mesh.Plane, Ct);
        using var organizations = await WatchProbe.Organizations(mesh.Plane, Ct);

        await Allow(mesh, "west");

        var (provider, organization) = (await providers.Next(Ct), await organizations.Next(Ct));
        Assert.Equal(("west", 1), (provider.Provider.Name, provider.Provider.OrganizationCount));
        Assert.Equal(["default"], provider.Provider.Organizations);
        Assert.Equal(["built-in", "west"], organization.Organization.Providers);
        var read = await mesh.Plane.Organizations.GetOrganizationAsync(new(), mesh.Plane.Admin, cancellationToken: Ct);
        Assert.Equal(read.Organization, organization.Organization);

        await mesh.Plane.Organizations.DisallowProviderAsync(
            new() { Provider = "west" },
            mesh.Plane.Admin,
            cancellationToken: Ct
        );

        Assert.Equal(0, (await providers.Next(Ct)).Provider.OrganizationCount);
        Assert.Equal(["built-in"], (await organizations.Next(Ct)).Organization.Providers);
    }

    [Fact]
    public async Task The_number_of_workspaces_is_reported_when_one_begins_and_when_it_ends()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        var (id, token) = await mesh.Plane.BuiltIn(Ct);
        using var agent = await TestAgent.Attach(mesh.Plane, token, Ct);
        await UntilStatus(mesh.Plane, id, ProviderStatus.Ready);
        using var providers = await WatchProbe.Providers(mesh.Plane, Ct, new() { Provider = "built-in" });
        using var organizations = await WatchProbe.Organizations(mesh.Plane, Ct);

        var created = await mesh.Plane.Workspaces.CreateWorkspaceAsync(
            new() { Name = "dev", Spec = TestControlPlane.Spec() },
            mesh.Plane.Admin,
            cancellationToken: Ct
        );

        Assert.Equal(1, (await providers.Next(Ct)).Provider.UnfinishedWorkspaces);
        Assert.Equal(1, (await organizations.Next(Ct)).Organization.UnfinishedWorkspaces);

        // A workspace that ends otherwise needs its agent for it.
        await mesh.Plane.Workspaces.DeleteWorkspaceAsync(
            new() { Workspace = created.Workspace.Id },
            mesh.Plane.Admin,
            cancellationToken: Ct
        );
        await agent.Observe(created.Workspace.Id, 2, WorkspaceState.Deleted, Ct);

        Assert.Equal(0, (await providers.Next(Ct)).Provider.UnfinishedWorkspaces);
        Assert.Equal(0, (await organizations.Next(Ct)).Organization.UnfinishedWorkspaces);
    }

    /// <summary>Two changes with one position: who has read the first only is told both again.</summary>
    [Fact]
    public async Task A_watch_that_goes_on_between_two_changes_of_one_commit_misses_neither()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        await mesh.Create("west");
        using var watch = await WatchProbe.Providers(mesh.Plane, Ct);
        await mesh.Plane.Providers.SetDefaultProviderAsync(
            new() { Provider = "west" },
            mesh.Plane.Admin,
            cancellationToken: Ct
        );
        WatchProvidersResponse[] told = [await watch.Next(Ct), await watch.Next(Ct)];

        using var between = await WatchProbe.Providers(mesh.Plane, Ct, new() { ResumeToken = told[0].ResumeToken });
        using var after = await WatchProbe.Providers(mesh.Plane, Ct, new() { ResumeToken = told[1].ResumeToken });
        await mesh.Cordon("west");

        Assert.Equal(
            told.Select(m => m.Provider.Name),
            [(await between.Next(Ct)).Provider.Name, (await between.Next(Ct)).Provider.Name]
        );
        Assert.NotNull((await between.Next(Ct)).Provider.Cordon);
        Assert.NotNull((await after.Next(Ct)).Provider.Cordon);
    }

    [Fact]
    public async Task A_watch_by_filters_reports_what_enters_and_what_leaves_them()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        await mesh.Create("west");
        using var watch = await WatchProbe.Organizations(mesh.Plane, Ct, new() { Provider = "west" });
        using var one = await WatchProbe.Organizations(mesh.Plane, Ct, new() { Organization = "default" });
        await mesh.Plane.Organizations.CreateOrganizationAsync(
            new() { Name = "acme" },
            mesh.Plane.Admin,
            cancellationToken: Ct
        );

        await Allow(mesh, "west", "acme");
        await mesh.Plane.Organizations.DeleteOrganizationAsync(
            new() { Organization = "acme" },
            mesh.Plane.Admin,
            cancellationToken: Ct
        );
        await Allow(mesh, "west", "default");

        Assert.Equal((ChangeType.Changed, "acme"), Read(await watch.Next(Ct)));
        Assert.Equal((ChangeType.Removed, "acme"), Read(await watch.Next(Ct)));
        Assert.Equal((ChangeType.Changed, "default"), Read(await watch.Next(Ct)));
        Assert.Equal((ChangeType.Changed, "default"), Read(await one.Next(Ct)));
    }

    [Fact]
    public async Task The_client_library_lists_organizations_and_reports_their_changes()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        await mesh.Create("west");
        using var client = new MeshClient(
            new MeshClientOptions { Address = new Uri(mesh.Plane.GrpcAddress), Token = _ => new(mesh.Plane.AdminToken) }
        );
        await using var events = client.WatchAsync(new WatchOrganizationsRequest(), Ct).GetAsyncEnumerator(Ct);
        async Task<WatchEvent<Organization>> Next()
        {
            Assert.True(await events.MoveNextAsync());
            return events.Current;
        }

        Assert.Equal("default", Assert.IsType<ResourceChanged<Organization>>(await Next()).Resource.Name);
        Assert.IsType<WatchSynced<Organization>>(await Next());
        await Allow(mesh, "west");

        var changed = Assert.IsType<ResourceChanged<Organization>>(await Next()).Resource;
        Assert.Equal(["built-in", "west"], changed.Providers);
    }

    private static (ChangeType, string) Read(WatchOrganizationsResponse message) =>
        (message.Type, message.Organization.Name);

    private static async Task Allow(Rules.Mesh mesh, string provider, string organization = "") =>
        await mesh.Plane.Organizations.AllowProviderAsync(
            new() { Organization = organization, Provider = provider },
            mesh.Plane.Admin,
            cancellationToken: Ct
        );
}
