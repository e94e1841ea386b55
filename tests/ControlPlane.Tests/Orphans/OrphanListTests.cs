using Coder.Mesh.ControlPlane.Tests.Api.Json;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.ControlPlane.Tests.Rules;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Tests.Orphans;

public sealed class OrphanListTests(PostgresFixture postgres) : OrphanTestBase(postgres)
{
    [Fact]
    public async Task What_a_cluster_holds_and_the_store_does_not_know_is_listed_as_its_objects_tell_it()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await AttachBuiltIn(plane);
        await Exchange(agent);
        var known = (await plane.CreateWorkspace("known", Ct)).Id;
        var id = NewId();

        await Exchange(
            agent,
            Held(agent, id, 7, state: WorkspaceState.Stopped),
            agent.Observation(known, 1, WorkspaceState.Running)
        );

        var orphan = Assert.Single((await List(plane)).Orphans);
        Assert.Equal(
            (id, 7ul, WorkspaceState.Stopped, "dev", "fast"),
            (orphan.WorkspaceId, orphan.Generation, orphan.State, orphan.Name, orphan.StorageClass)
        );
        var spec = TestControlPlane.Spec();
        spec.Command.AddRange(["sh", "-c", "sleep 1\nsleep 2"]);
        Assert.Equal(spec, orphan.Spec);
        Assert.Equal(1, (await plane.Provider("built-in", Ct)).Orphans);
    }

    [Fact]
    public async Task Each_snapshot_replaces_what_the_one_before_told()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await AttachBuiltIn(plane);
        var (stays, goes) = (NewId(), NewId());
        await Exchange(agent, Held(agent, stays, 1), Held(agent, goes, 1, "gone"));
        var before = (await List(plane)).Orphans.Single(o => o.WorkspaceId == stays);

        await Exchange(agent, Held(agent, stays, 1, "renamed", WorkspaceState.Failed));

        var after = Assert.Single((await List(plane)).Orphans);
        Assert.Equal((stays, "renamed", WorkspaceState.Failed), (after.WorkspaceId, after.Name, after.State));
        Assert.Equal(before.FirstSeenTime, after.FirstSeenTime);
        Assert.True(after.LastSeenTime.ToDateTimeOffset() > before.LastSeenTime.ToDateTimeOffset());

        await Exchange(agent);
        Assert.Empty((await List(plane)).Orphans);
    }

    [Fact]
    public async Task R11_an_orphan_is_told_nothing_about_by_snapshots_restarts_and_the_end_of_other_workspaces()
    {
        var plane = await TestControlPlane.Start(Postgres, Ct);
        var id = NewId();
        using (var agent = await AttachBuiltIn(plane))
        {
            Assert.Empty(await Exchange(agent, Held(agent, id, 7)));
            Assert.Empty(await Exchange(agent, Held(agent, id, 7)));
        }

        await plane.DisposeAsync();
        await using var restarted = await TestControlPlane.Start(Postgres, Ct, database: plane.Database);
        using var again = await AttachBuiltIn(restarted);
        Assert.Equal(id, Assert.Single((await List(restarted)).Orphans).WorkspaceId);
        var other = (await restarted.CreateWorkspace("other", Ct)).Id;
        await restarted.Workspaces.DeleteWorkspaceAsync(
            new DeleteWorkspaceRequest { Workspace = "other" },
            restarted.Admin,
            cancellationToken: Ct
        );

        var told = await Exchange(again, Held(again, id, 7));

        Assert.Equal(other, Assert.Single(told).WorkspaceRemoved.WorkspaceId);
        Assert.Equal(id, Assert.Single((await List(restarted)).Orphans).WorkspaceId);
    }

    [Fact]
    public async Task What_was_deleted_here_or_is_another_providers_is_no_orphan()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct, "west", "east");
        await mesh.Allow("default", "west");
        await mesh.Allow("default", "east");
        var (west, east) = (mesh.Agent("west"), mesh.Agent("east"));
        await Exchange(west);
        await Exchange(east);
        var elsewhere = (await mesh.Place("dev", provider: "east")).Id;
        var ended = await mesh.Place("ended", provider: "west");
        await mesh.Finish("west", ended);
        await Exchange(west);

        var told = await Exchange(
            west,
            Held(west, elsewhere, 9),
            Held(west, ended.Id, 1),
            Held(west, NewId(), 1, state: WorkspaceState.Deleted)
        );

        Assert.Equal(ended.Id, Assert.Single(told).WorkspaceRemoved.WorkspaceId);
        Assert.Empty((await List(mesh.Plane, "west")).Orphans);
        Assert.Equal(0, (await mesh.Plane.Provider("west", Ct)).Orphans);
        Assert.Equal(1ul, (await mesh.Plane.Workspace(elsewhere, Ct)).Generation);
    }

    [Fact]
    public async Task R8_a_snapshot_of_a_session_that_the_store_gives_to_another_changes_no_orphans()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await AttachBuiltIn(plane);
        var id = NewId();
        await Exchange(agent, Held(agent, id, 1));
        await using (var connection = new NpgsqlConnection(plane.Database))
        {
            await connection.OpenAsync(Ct);
            await using var command = new NpgsqlCommand(
                """update mesh.mt_doc_providerpresence set data = jsonb_set(data, '{Epoch}', '99') where (data ->> 'Epoch')::int = 1""",
                connection
            );
            Assert.Equal(1, await command.ExecuteNonQueryAsync(Ct));
        }

        await Exchange(agent);

        Assert.Equal(id, Assert.Single((await List(plane)).Orphans).WorkspaceId);
    }

    [Fact]
    public async Task A_thousand_are_listed_and_the_rest_is_counted()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await AttachBuiltIn(plane);
        var ids = Enumerable.Range(0, 1_003).Select(_ => NewId()).Order(StringComparer.Ordinal).ToList();
        foreach (var part in ids.Chunk(500))
            await agent.Send(new() { Snapshot = new() { Workspaces = { part.Select(id => Held(agent, id, 1)) } } }, Ct);
        await Exchange(agent);

        var listed = new List<string>();
        var page = new ListOrphansResponse();
        do
        {
            page = await plane.Providers.ListOrphansAsync(
                new ListOrphansRequest
                {
                    Provider = "built-in",
                    PageSize = 400,
                    PageToken = page.NextPageToken,
                },
                plane.Admin,
                cancellationToken: Ct
            );
            listed.AddRange(page.Orphans.Select(o => o.WorkspaceId));
        } while (page.NextPageToken.Length > 0);

        Assert.Equal(ids.Take(1_000), listed);
        Assert.Equal(3, page.Unlisted);
        Assert.Equal(1_003, (await plane.Provider("built-in", Ct)).Orphans);

        await Exchange(agent);
        Assert.Equal(0, (await plane.Provider("built-in", Ct)).Orphans);
    }

    [Fact]
    public async Task A_forgotten_provider_leaves_no_orphans_behind()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct, "west");
        var agent = mesh.Agent("west");
        await Exchange(agent, Held(agent, NewId(), 1));

        await mesh.Forget("west", force: true);

        await using var connection = new NpgsqlConnection(mesh.Database);
        await connection.OpenAsync(Ct);
        await using var command = new NpgsqlCommand("select count(*) from mesh.mesh_orphan", connection);
        Assert.Equal(0L, await command.ExecuteScalarAsync(Ct));
        Assert.Equal(ErrorReasons.ProviderNotFound, await List(mesh.Plane, "west").Answer());
    }

    [Fact]
    public async Task A_description_that_the_store_can_not_keep_is_left_out()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await AttachBuiltIn(plane);
        var report = Held(agent, NewId(), 1, "dev");
        report.Held.Spec.Command.Add("a\0b");

        await Exchange(agent, report);

        var orphan = Assert.Single((await List(plane)).Orphans);
        Assert.Equal((1ul, "dev", new WorkspaceSpec()), (orphan.Generation, orphan.Name, orphan.Spec));
    }

    [Fact]
    public async Task An_endless_description_is_left_out_and_control_characters_are_taken_out_of_one()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await AttachBuiltIn(plane);
        var (endless, coloured) = (Held(agent, NewId(), 5), Held(agent, NewId(), 6, "\u001b[31mred\u0007"));
        endless.Held.Spec.Command.Add(new string('x', 4_000_000));

        await agent.Send(new() { Snapshot = new() { Workspaces = { coloured } } }, Ct);
        await Exchange(agent, endless);

        var orphans = (await List(plane)).Orphans.ToDictionary(o => o.WorkspaceId);
        Assert.Equal(" [31mred ", orphans[coloured.WorkspaceId].Name);
        var bare = orphans[endless.WorkspaceId];
        Assert.Equal((5ul, "", new WorkspaceSpec()), (bare.Generation, bare.Name, bare.Spec));
    }
}
