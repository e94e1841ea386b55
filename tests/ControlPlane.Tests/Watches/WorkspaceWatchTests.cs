using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Microsoft.Extensions.DependencyInjection;

namespace Coder.Mesh.ControlPlane.Tests.Watches;

public sealed class WorkspaceWatchTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    [Fact]
    public async Task Each_version_of_a_workspace_is_told_from_its_creation_to_its_end()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        await mesh.BuiltInReady();
        using var watch = await WatchProbe.Workspaces(mesh.Plane, Ct);

        var workspace = await mesh.Plane.CreateWorkspace("dev", Ct);
        await mesh.Agent("built-in").Observe(workspace.Id, 1, WorkspaceState.Running, Ct);
        await UntilState(mesh.Plane, workspace.Id, WorkspaceState.Running);
        await mesh.Finish("built-in", workspace);

        var told = new List<WatchWorkspacesResponse>();
        while (told.Count == 0 || told[^1].Type != ChangeType.Removed)
            told.Add(await watch.Next(Ct));
        Assert.Equal(
            [
                (ChangeType.Changed, WorkspaceState.Pending, 1ul),
                (ChangeType.Changed, WorkspaceState.Running, 2ul),
                (ChangeType.Changed, WorkspaceState.Deleting, 3ul),
                (ChangeType.Removed, WorkspaceState.Deleted, 4ul),
            ],
            told.Select(m => (m.Type, m.Workspace.State, m.Workspace.ResourceVersion))
        );
        Assert.Equal(workspace, told[0].Workspace);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_watch_from_a_list_misses_nothing_that_happened_since(bool itself)
    {
        await using var mesh = await Start(itself);
        await mesh.BuiltInReady();
        await mesh.Plane.CreateWorkspace("before", Ct);
        await WatchProbe.Settled(mesh.Plane, Ct);
        var list = await mesh.Plane.Workspaces.ListWorkspacesAsync(new(), mesh.Plane.Admin, cancellationToken: Ct);
        var ids = new List<string>();
        for (var i = 0; i < 5; i++)
            ids.Add((await mesh.Plane.CreateWorkspace($"since-{i}", Ct)).Id);

        using var watch = await WatchProbe.Workspaces(mesh.Plane, Ct, new() { ResumeToken = list.ResumeToken });

        var told = new List<string>();
        while (told.Count < 5)
            told.Add((await watch.Next(Ct)).Workspace.Id);
        Assert.Equal(ids, told);
    }

    [Fact]
    public async Task A_watch_goes_on_after_any_message_with_the_very_next_change()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        await mesh.BuiltInReady();
        using var first = await WatchProbe.Workspaces(mesh.Plane, Ct);
        for (var i = 0; i < 6; i++)
            await mesh.Plane.CreateWorkspace($"dev-{i}", Ct);
        var told = new List<WatchWorkspacesResponse>();
        while (told.Count < 6)
            told.Add(await first.Next(Ct));

        for (var i = 0; i < 5; i++)
        {
            using var again = await WatchProbe.Workspaces(mesh.Plane, Ct, new() { ResumeToken = told[i].ResumeToken });
            Assert.Equal(told[i + 1], await again.Next(Ct));
        }
    }

    [Fact]
    public async Task A_workspace_is_removed_from_a_watch_when_its_filter_lets_it_through_no_longer()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        await mesh.BuiltInReady();
        using var running = await WatchProbe.Workspaces(mesh.Plane, Ct, new() { State = WorkspaceState.Running });
        var workspace = await mesh.Plane.CreateWorkspace("dev", Ct);
        var agent = mesh.Agent("built-in");

        await agent.Observe(workspace.Id, 1, WorkspaceState.Running, Ct);
        var came = await running.Next(Ct);
        await agent.Observe(workspace.Id, 1, WorkspaceState.Failed, Ct);
        var went = await running.Next(Ct);

        Assert.Equal((ChangeType.Changed, WorkspaceState.Running), (came.Type, came.Workspace.State));
        Assert.Equal((ChangeType.Removed, WorkspaceState.Failed), (went.Type, went.Workspace.State));
    }

    [Fact]
    public async Task A_watch_tells_nothing_that_its_filters_hold_back()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct, "west");
        await mesh.BuiltInReady();
        await mesh.Organization("science", "west");
        WatchWorkspacesRequest[] requests =
        [
            new() { Organization = "science" },
            new() { Provider = "west" },
            new() { Owner = "ada" },
        ];
        var watches = await Task.WhenAll(requests.Select(r => WatchProbe.Workspaces(mesh.Plane, Ct, r)));
        await mesh.Plane.Workspaces.CreateWorkspaceAsync(
            new()
            {
                Name = "other",
                Organization = "default",
                Provider = "built-in",
                Spec = TestControlPlane.Spec(),
            },
            mesh.Plane.Admin,
            cancellationToken: Ct
        );
        var wanted = await mesh.Plane.Workspaces.CreateWorkspaceAsync(
            new()
            {
                Name = "wanted",
                Organization = "science",
                Provider = "west",
                Owner = "ada",
                Spec = TestControlPlane.Spec(),
            },
            mesh.Plane.Admin,
            cancellationToken: Ct
        );
        using var only = await WatchProbe.Workspaces(mesh.Plane, Ct, new() { Workspace = wanted.Workspace.Id });
        await mesh.Plane.Workspaces.StopWorkspaceAsync(
            new() { Workspace = wanted.Workspace.Id },
            mesh.Plane.Admin,
            cancellationToken: Ct
        );

        foreach (var watch in watches)
        {
            Assert.Equal(wanted.Workspace, (await watch.Next(Ct)).Workspace);
            watch.Dispose();
        }

        // Its creation, of a moment before, may be told too.
        await Eventually(
            () => only.Next(Ct),
            m =>
            {
                Assert.Equal(wanted.Workspace.Id, m.Workspace.Id);
                return m.Workspace.DesiredState == WorkspaceDesiredState.Stopped;
            }
        );
    }

    /// <summary>Each filter by an id that names nothing any more: what there was is yet to be told.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_watch_goes_on_past_the_end_of_what_its_filter_names(bool itself)
    {
        await using var mesh = await Start(itself, "west");
        var organization = await mesh.Organization("acme", "west");
        var provider = await mesh.ProviderId("west");
        var workspace = await mesh.Place("dev", "acme", "west");
        var list = await mesh.Plane.Workspaces.ListWorkspacesAsync(new(), mesh.Plane.Admin, cancellationToken: Ct);
        await mesh.Forget("west", force: true);
        await mesh.DeleteOrganization("acme");

        WatchWorkspacesRequest[] filters =
        [
            new() { Provider = provider },
            new() { Organization = organization.Id },
            new() { Workspace = workspace.Id },
        ];
        foreach (var filter in filters)
        {
            filter.ResumeToken = list.ResumeToken;
            using var watch = await WatchProbe.Workspaces(mesh.Plane, Ct, filter);
            WatchWorkspacesResponse told;
            do told = await watch.Next(Ct);
            while (told.Type != ChangeType.Removed);
            Assert.Equal((workspace.Id, WorkspaceState.Lost), (told.Workspace.Id, told.Workspace.State));
        }
    }

    /// <param name="itself">Whether a watch reads the past by itself, or has it from the log of changes.</param>
    private Task<Rules.Mesh> Start(bool itself, params string[] ready) =>
        Rules.Mesh.Start(Postgres, s => s.AddSingleton(itself ? WatchProbe.WithoutPast : new()), Ct, ready);
}
