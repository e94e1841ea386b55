using System.Runtime.CompilerServices;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Tests.Skew;

/// <summary>
/// Databases that released versions have written, as <c>pg_dump --inserts</c> keeps them: they open, nothing in them
/// reads differently, and what is in them can be changed.
/// </summary>
public sealed class ReleasedDatabaseTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    [Fact]
    public async Task What_0_1_0_has_written_is_read_as_it_was()
    {
        await using var plane = await Restored();

        var providers = await plane.Providers.ListProvidersAsync(new(), plane.Admin, cancellationToken: Ct);
        Assert.Equal(
            [("built-in", 1, false, false), ("east", 0, false, true), ("west", 1, true, false)],
            providers.Providers.Select(p => (p.Name, p.UnfinishedWorkspaces, p.IsDefault, p.Cordon is not null))
        );
        Assert.Equal("eu", providers.Providers[2].Details.Region);
        Assert.Equal("maintenance", providers.Providers[1].Cordon.Reason);
        var workspaces = await plane.Workspaces.ListWorkspacesAsync(
            new() { IncludeEnded = true },
            plane.Admin,
            cancellationToken: Ct
        );
        Assert.Equal(
            [
                ("dev", "west", "default", WorkspaceState.Running),
                ("old", "west", "default", WorkspaceState.Deleted),
                ("web", "built-in", "acme", WorkspaceState.Stopped),
            ],
            workspaces.Workspaces.Select(w => (w.Name, w.Provider, w.Organization, w.State)).Order()
        );
        Assert.Equal(("2Gi", "10Gi"), (workspaces.Workspaces[0].Spec.Memory, workspaces.Workspaces[0].Spec.Disk));
        var deployment = await plane.Deployment.GetDeploymentAsync(new(), plane.Admin, cancellationToken: Ct);
        Assert.Equal("https://mesh.example.com", deployment.Deployment.AccessUrl);
        var deleted = await plane.Providers.ListProvidersAsync(
            new() { IncludeDeleted = true },
            plane.Admin,
            cancellationToken: Ct
        );
        Assert.NotNull(Assert.Single(deleted.Providers, p => p.Name == "gone").DeleteTime);
    }

    [Fact]
    public async Task Histories_and_timelines_of_0_1_0_are_told()
    {
        await using var plane = await Restored();

        var history = await plane.Providers.ListHistoryAsync(
            new() { Provider = "west" },
            plane.Admin,
            cancellationToken: Ct
        );
        Assert.Contains(history.Entries, e => e.Type == "provider.registered.v1" && e.Actor == "admin");
        Assert.Contains(history.Entries, e => e.Type == "organization.provider_allowed.v1");
        Assert.Contains(history.Entries, e => e.Type == "presence.status_changed.v1" && e.Summary == "Pending → Ready");
        var timeline = await plane.Workspaces.ListTimelineAsync(
            new() { Workspace = "dev" },
            plane.Admin,
            cancellationToken: Ct
        );
        Assert.NotEmpty(timeline.Items);
    }

    [Fact]
    public async Task What_0_1_0_has_written_is_changed_and_watched()
    {
        await using var plane = await Restored();
        var list = await plane.Workspaces.ListWorkspacesAsync(new(), plane.Admin, cancellationToken: Ct);
        using var watch = await Watches.WatchProbe.Workspaces(plane, Ct, new() { ResumeToken = list.ResumeToken });
        var rotated = await plane.Providers.RotateTokenAsync(
            new() { Provider = "west" },
            plane.Admin,
            cancellationToken: Ct
        );
        using var agent = await TestAgent.Attach(
            plane,
            rotated.Token,
            Ct,
            hello => hello.NamespaceUid = rotated.Provider.Agent.NamespaceUid
        );
        await UntilStatus(plane, rotated.Provider.Id, ProviderStatus.Ready);
        await plane.Providers.UncordonProviderAsync(new() { Provider = "east" }, plane.Admin, cancellationToken: Ct);

        var stopped = await plane.Workspaces.StopWorkspaceAsync(
            new() { Workspace = "dev" },
            plane.Admin,
            cancellationToken: Ct
        );
        var created = await plane.Workspaces.CreateWorkspaceAsync(
            new()
            {
                Name = "fresh",
                Organization = "default",
                Spec = TestControlPlane.Spec(),
            },
            plane.Admin,
            cancellationToken: Ct
        );

        Assert.Equal(WorkspaceDesiredState.Stopped, stopped.Workspace.DesiredState);
        Assert.Equal("west", created.Workspace.Provider);
        var watched = new HashSet<string>();
        while (!watched.IsSupersetOf(["dev", "fresh"]))
            watched.Add((await watch.Next(Ct)).Workspace.Name);
    }

    private async Task<TestControlPlane> Restored()
    {
        var database = await Postgres.CreateDatabase(Ct);
        var dump = await File.ReadAllTextAsync(Beside("v0.1.0.sql"), Ct);
        await using var connection = new NpgsqlConnection(database);
        await connection.OpenAsync(Ct);
        await using var restore = new NpgsqlCommand(dump, connection);
        await restore.ExecuteNonQueryAsync(Ct);
        return await TestControlPlane.Start(Postgres, Ct, database: database);
    }

    private static string Beside(string name, [CallerFilePath] string source = "") =>
        Path.Combine(Path.GetDirectoryName(source)!, name);
}
