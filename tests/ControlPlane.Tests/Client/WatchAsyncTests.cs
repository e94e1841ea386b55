using System.Net;
using Coder.Mesh.ControlPlane.Agents;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.ControlPlane.Watches;
using Coder.Mesh.Protocol.Client;
using Coder.Mesh.Tests.Support.Network;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Tests.Client;

public sealed class WatchAsyncTests(PostgresFixture postgres) : ClientTestBase(postgres)
{
    [Fact]
    public async Task It_begins_with_what_there_is_and_says_when_that_was_all()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        await mesh.BuiltInReady();
        var first = await mesh.Plane.CreateWorkspace("first", Ct);
        var second = await mesh.Plane.CreateWorkspace("second", Ct);
        using var client = Client(mesh.Plane);
        await using var events = client.WatchAsync(new WatchWorkspacesRequest(), Ct).GetAsyncEnumerator(Ct);

        var listed = await Until(events, e => e is WatchSynced<Workspace>);
        var third = await mesh.Plane.CreateWorkspace("third", Ct);
        var later = await Until(events, e => e is ResourceChanged<Workspace>);

        Assert.Equal([first, second], listed.OfType<ResourceChanged<Workspace>>().Select(e => e.Resource));
        Assert.Equal(3, listed.Count);
        Assert.Equal([third], later.OfType<ResourceChanged<Workspace>>().Select(e => e.Resource));
    }

    [Fact]
    public async Task What_the_list_has_told_is_not_told_again()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        await mesh.BuiltInReady();
        // While it runs the feed stands still before it, and so does the token of every list.
        await using var database = NpgsqlDataSource.Create(mesh.Database);
        await using var connection = await database.OpenConnectionAsync(Ct);
        await using var running = await connection.BeginTransactionAsync(Ct);
        await using (var assign = new NpgsqlCommand("select pg_current_xact_id()", connection, running))
            await assign.ExecuteScalarAsync(Ct);
        var listed = await mesh.Plane.CreateWorkspace("listed", Ct);
        using var client = Client(mesh.Plane);
        await using var events = client.WatchAsync(new WatchWorkspacesRequest(), Ct).GetAsyncEnumerator(Ct);
        var first = await Until(events, e => e is WatchSynced<Workspace>);
        await running.CommitAsync(Ct);
        await mesh.Plane.CreateWorkspace("later", Ct);

        var then = await Until(events, e => e is ResourceChanged<Workspace>);

        Assert.Equal(listed, Assert.Single(first.OfType<ResourceChanged<Workspace>>()).Resource);
        Assert.Equal("later", Assert.Single(then.OfType<ResourceChanged<Workspace>>()).Resource.Name);
        using var raw = await Watches.WatchProbe.Workspaces(
            mesh.Plane,
            Ct,
            new() { ResumeToken = first[^1].ResumeToken }
        );
        Assert.Equal(listed.Id, (await raw.Next(Ct)).Workspace.Id);
    }

    /// <summary>
    /// Ten workspaces, a hundred changes each, from four callers; the connection is cut again and again.
    /// </summary>
    [Fact]
    public async Task Cut_amid_a_thousand_changes_it_tells_every_version_of_each_workspace_once_and_in_order()
    {
        const int Workspaces = 10;
        const int Versions = 100;
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        await mesh.BuiltInReady();
        await using var proxy = FaultProxy.Start(IPEndPoint.Parse(new Uri(mesh.Plane.GrpcAddress).Authority));
        using var client = Client(mesh.Plane, proxy.Address);
        await using var events = client.WatchAsync(new WatchWorkspacesRequest(), Ct).GetAsyncEnumerator(Ct);
        await Until(events, e => e is WatchSynced<Workspace>);

        var changes = Change(mesh, Workspaces, Versions);
        var told = new List<Workspace>();
        var cuts = 0;
        while (told.Count < Workspaces * Versions)
        {
            var read = (await Until(events, _ => true))[0];
            if (read is WatchInterrupted<Workspace>)
                cuts++;
            if (read is not ResourceChanged<Workspace> changed)
                continue;
            told.Add(changed.Resource);
            if (told.Count % 100 == 50)
                proxy.Reset();
        }

        await changes;
        Assert.InRange(cuts, 5, 100);
        foreach (var versions in told.GroupBy(w => w.Id, w => w.ResourceVersion))
            Assert.Equal(Enumerable.Range(1, Versions).Select(v => (ulong)v), versions);
        await mesh.Plane.CreateWorkspace("end", Ct);
        Assert.Equal(
            "end",
            (await Until(events, e => e is ResourceChanged<Workspace>))
                .OfType<ResourceChanged<Workspace>>()
                .Single()
                .Resource.Name
        );
    }

    [Fact]
    public async Task Where_it_cannot_go_on_it_lists_again_and_tells_what_has_gone_meanwhile()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        await mesh.Create("stays");
        await mesh.Create("goes");
        await using var proxy = FaultProxy.Start(IPEndPoint.Parse(new Uri(mesh.Plane.GrpcAddress).Authority));
        using var client = Client(mesh.Plane, proxy.Address);
        await using var events = client.WatchAsync(new WatchProvidersRequest(), Ct).GetAsyncEnumerator(Ct);
        await Until(events, e => e is WatchSynced<Provider>);
        var next = Until(events, e => e is WatchSynced<Provider>);
        proxy.Set(Direction.ToClient, Fault.ResetAfter(0));
        proxy.Reset();
        await mesh.Delete("goes");
        await mesh.Create("comes");
        await Watches.WatchProbe.TrimAll(mesh.Plane, Ct);
        proxy.Set(Direction.ToClient, Fault.None);

        var told = await next;

        Assert.Equal(["comes"], told.OfType<ResourceChanged<Provider>>().Select(e => e.Resource.Name));
        Assert.Equal(["goes"], told.OfType<ResourceRemoved<Provider>>().Select(e => e.Resource.Name));
    }

    /// <summary>Versions count within one database: those of the copy begin again where it was made.</summary>
    [Fact]
    public async Task Over_an_older_copy_of_the_database_it_tells_what_that_holds()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        await mesh.Create("west");
        await mesh.Cordon("west", "before the copy");
        var copy = await Postgres.CopyDatabase(mesh.Database, Ct);
        await mesh.Uncordon("west");
        await mesh.Cordon("west", "after the copy");
        await using var restored = await TestControlPlane.Start(Postgres, Ct, database: copy);
        // Each in its turn.
        await using var proxy = FaultProxy.Start(Endpoint(mesh.Plane), Endpoint(restored));
        using var client = Client(mesh.Plane, proxy.Address);
        await using var events = client
            .WatchAsync(new WatchProvidersRequest { Provider = "west" }, Ct)
            .GetAsyncEnumerator(Ct);
        var told = await Until(events, e => e is WatchSynced<Provider>);
        Assert.Equal("after the copy", Assert.IsType<ResourceChanged<Provider>>(told[0]).Resource.Cordon.Reason);

        await mesh.Plane.Stop();
        told = await Until(events, e => e is WatchSynced<Provider>);

        var now = Assert.Single(told.OfType<ResourceChanged<Provider>>());
        Assert.Equal("before the copy", now.Resource.Cordon.Reason);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_is_watched_by_its_name_is_told_as_removed_though_that_happens_unseen(bool trimmed)
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        var first = (await mesh.Create("west")).Provider;
        await using var proxy = FaultProxy.Start(IPEndPoint.Parse(new Uri(mesh.Plane.GrpcAddress).Authority));
        using var client = Client(mesh.Plane, proxy.Address);
        await using var events = client
            .WatchAsync(new WatchProvidersRequest { Provider = "west" }, Ct)
            .GetAsyncEnumerator(Ct);
        await Until(events, e => e is WatchSynced<Provider>);
        var next = Until(events, e => e is ResourceRemoved<Provider>);
        proxy.Set(Direction.ToClient, Fault.ResetAfter(0));
        proxy.Reset();
        await mesh.Delete("west");
        await mesh.Create("west");
        if (trimmed)
            await Watches.WatchProbe.TrimAll(mesh.Plane, Ct);
        proxy.Set(Direction.ToClient, Fault.None);

        var told = await next;

        Assert.Equal(first.Id, Assert.IsType<ResourceRemoved<Provider>>(told[^1]).Resource.Id);
        Assert.Empty(told.OfType<ResourceChanged<Provider>>());
    }

    [Fact]
    public async Task With_a_token_of_an_earlier_watch_it_goes_on_there_and_lists_nothing()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        await Watches.WatchProbe.Settled(mesh.Plane, Ct);
        using var client = Client(mesh.Plane);
        string token;
        await using (var first = client.WatchAsync(new WatchProvidersRequest(), Ct).GetAsyncEnumerator(Ct))
            token = (await Until(first, e => e is WatchSynced<Provider>))[^1].ResumeToken;
        await mesh.Create("west");

        await using var second = client
            .WatchAsync(new WatchProvidersRequest { ResumeToken = token }, Ct)
            .GetAsyncEnumerator(Ct);
        var told = await Until(second, e => e is ResourceChanged<Provider>);

        Assert.Equal("west", Assert.IsType<ResourceChanged<Provider>>(Assert.Single(told)).Resource.Name);
    }

    [Fact]
    public async Task A_watch_that_is_refused_ends_with_the_reason()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        using var client = Client(mesh.Plane);
        await using var events = client
            .WatchAsync(new WatchWorkspacesRequest { Provider = "none" }, Ct)
            .GetAsyncEnumerator(Ct);

        var refused = await Assert.ThrowsAsync<MeshNotFoundException>(() => events.MoveNextAsync().AsTask());

        Assert.Equal(Protocol.ErrorReasons.ProviderNotFound, refused.Reason);
    }

    [Fact]
    public async Task One_workspace_that_the_filter_does_not_let_through_is_not_there()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        await mesh.BuiltInReady();
        await mesh.Plane.CreateWorkspace("dev", Ct);
        using var client = Client(mesh.Plane);
        WatchWorkspacesRequest[] others =
        [
            new() { State = WorkspaceState.Running },
            new() { Owner = "jo" },
            new() { Provider = (await mesh.Create("west")).Provider.Id },
        ];

        foreach (var filter in others)
        {
            filter.Workspace = "dev";
            await using var events = client.WatchAsync(filter, Ct).GetAsyncEnumerator(Ct);
            Assert.True(await events.MoveNextAsync());
            Assert.IsType<WatchSynced<Workspace>>(events.Current);
        }

        await using var own = client
            .WatchAsync(new WatchWorkspacesRequest { Workspace = "dev", Provider = "built-in" }, Ct)
            .GetAsyncEnumerator(Ct);
        Assert.True(await own.MoveNextAsync());
        Assert.IsType<ResourceChanged<Workspace>>(own.Current);
    }

    private static async Task Change(Rules.Mesh mesh, int workspaces, int versions)
    {
        var plane = mesh.Plane;
        await Parallel.ForAsync(
            0,
            workspaces,
            new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = Ct },
            async (i, ct) =>
            {
                var workspace = await plane.CreateWorkspace($"dev-{i}", ct);
                for (var version = 1; version < versions; version++)
                {
                    var wish =
                        version % 2 == 1
                            ? plane
                                .Workspaces.StopWorkspaceAsync(
                                    new() { Workspace = workspace.Id },
                                    plane.Admin,
                                    cancellationToken: ct
                                )
                                .ResponseAsync as Task
                            : plane
                                .Workspaces.StartWorkspaceAsync(
                                    new() { Workspace = workspace.Id },
                                    plane.Admin,
                                    cancellationToken: ct
                                )
                                .ResponseAsync;
                    await wish;
                }
            }
        );
    }

    private static IPEndPoint Endpoint(TestControlPlane plane) =>
        IPEndPoint.Parse(new Uri(plane.GrpcAddress).Authority);
}
