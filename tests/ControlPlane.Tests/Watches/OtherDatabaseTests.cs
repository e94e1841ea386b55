using Coder.Mesh.ControlPlane.Agents;
using Coder.Mesh.ControlPlane.Hosting;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.ControlPlane.Watches;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Tests.Watches;

/// <summary>A database that was restored, is an older copy, or isn't the primary yet.</summary>
public sealed class OtherDatabaseTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    /// <summary>Which a dump brings along from a server whose transaction ids had come further.</summary>
    private const string Foreign = "'1099511627776'::xid8";

    [Fact]
    public async Task After_the_restore_of_a_dump_watches_tell_what_changes()
    {
        var before = await TestControlPlane.Start(Postgres, Ct);
        var (id, _) = await before.CreateProvider("west", Ct);
        await before.DisposeAsync();
        await Execute(
            before.Database,
            $"""
            insert into {ChangeFeed.TrimmedTable} (xid, id) values ({Foreign}, 1);
            insert into {ChangeFeed.Table} (xid, stream, version_before, version_after)
            values ({Foreign}, '{StreamKeys.Presence(id)}', 0, 1)
            """
        );
        await using var plane = await TestControlPlane.Start(Postgres, Ct, database: before.Database);
        await WatchProbe.Settled(plane, Ct);
        var list = await plane.Providers.ListProvidersAsync(new(), plane.Admin, cancellationToken: Ct);
        using var watch = await WatchProbe.Providers(plane, Ct, new() { ResumeToken = list.ResumeToken });

        await Cordon(plane, "why");

        Assert.Equal("why", (await watch.Next(Ct)).Provider.Cordon?.Reason);
    }

    /// <summary>As the feed of a dump is whose transaction ids lie on both sides of those of the new server.</summary>
    [Fact]
    public async Task After_the_restore_of_a_dump_whose_feed_is_cut_watches_tell_what_is()
    {
        var before = await TestControlPlane.Start(Postgres, Ct);
        var (_, token) = await before.CreateProvider("west", Ct);
        await Cordon(before, "one");
        await using var source = NpgsqlDataSource.Create(before.Database);
        await using var id = source.CreateCommand("select pg_current_xact_id()::text");
        var cut = (string)(await id.ExecuteScalarAsync(Ct))!;
        await Cordon(before, "two");
        await Cordon(before, "three");
        await before.DisposeAsync();
        await Execute(before.Database, $"update {ChangeFeed.Table} set xid = {Foreign} where xid > '{cut}'::xid8");
        await using var plane = await TestControlPlane.Start(Postgres, Ct, database: before.Database);
        await WatchProbe.Settled(plane, Ct);
        var list = await plane.Providers.ListProvidersAsync(new(), plane.Admin, cancellationToken: Ct);
        var listed = list.Providers.Single(p => p.Name == "west");
        using var watch = await WatchProbe.Providers(plane, Ct, new() { ResumeToken = list.ResumeToken });

        using var agent = await TestAgent.Attach(plane, token, Ct);

        var told = (await watch.Next(Ct)).Provider;
        Assert.Equal("three", told.Cordon?.Reason);
        Assert.True(told.ResourceVersion > listed.ResourceVersion);
    }

    [Fact]
    public async Task What_another_server_has_trimmed_stops_no_watch_and_is_forgotten()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        await Execute(
            plane.Database,
            $"insert into {ChangeFeed.TrimmedTable} (xid, id) values ({Foreign}, 1) on conflict (one) do update set xid = excluded.xid"
        );

        using var watch = await WatchProbe.Providers(plane, Ct);
        await plane.CreateProvider("west", Ct);
        Assert.Equal("west", (await watch.Next(Ct)).Provider.Name);

        await ActivatorUtilities.CreateInstance<Trimmer>(plane.Services).Trim(Ct);
        await using var database = NpgsqlDataSource.Create(plane.Database);
        await using var marks = database.CreateCommand(
            $"select count(*) from {ChangeFeed.TrimmedTable} where xid = {Foreign}"
        );
        Assert.Equal(0L, await marks.ExecuteScalarAsync(Ct));
    }

    /// <summary>
    /// As a copy of a volume is that takes the database's place: the name is the same, but its transactions lie back.
    /// </summary>
    [Fact]
    public async Task A_watch_that_runs_while_the_database_becomes_an_older_copy_is_out_of_range()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var watch = await WatchProbe.Providers(plane, Ct);
        await plane.CreateProvider("west", Ct);
        await watch.Next(Ct);

        await Instead(
            plane.Database,
            "pg_current_snapshot() returns pg_snapshot language sql as $$ select '100:100:'::pg_snapshot $$"
        );

        var end = await watch.End(Ct);
        Assert.Equal((StatusCode.OutOfRange, ErrorReasons.ResumeTokenExpired), (end.StatusCode, Reason(end)));
    }

    /// <summary>As a standby is that was made the primary: it may lack what agents have been told.</summary>
    [Fact]
    public async Task Of_another_timeline_a_watch_is_out_of_range_and_agents_begin_anew()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct, "west");
        using var watch = await WatchProbe.Providers(mesh.Plane, Ct);

        await Instead(
            mesh.Database,
            "pg_walfile_name(pg_lsn) returns text language sql as $$ select '00000002000000000000000A'::text $$"
        );

        var end = await watch.End(Ct);
        Assert.Equal((StatusCode.OutOfRange, ErrorReasons.ResumeTokenExpired), (end.StatusCode, Reason(end)));
        var closed = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            while (true)
                await mesh.Agent("west").Next(Ct);
        });
        Assert.Equal(ErrorReasons.StoreUnavailable, Reason(closed));
        using var again = await WatchProbe.Providers(mesh.Plane, Ct);
    }

    [Fact]
    public async Task A_standby_that_is_not_the_primary_yet_is_a_store_that_is_away()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var watch = await WatchProbe.Providers(plane, Ct);

        await Instead(
            plane.Database,
            """
            pg_current_wal_lsn() returns pg_lsn language plpgsql as
            $$ begin perform nextval('instead.calls'); raise exception 'recovery is in progress' using errcode = '55000'; end $$
            """
        );
        var refused = await Eventually(
            async () =>
                await Assert.ThrowsAsync<RpcException>(() =>
                    plane.Providers.ListProvidersAsync(new(), plane.Admin, cancellationToken: Ct).ResponseAsync
                ),
            e => e.Status.Detail.Contains("database", StringComparison.Ordinal)
        );
        // The reader of the feed meets it too.
        var calls = await Calls(plane.Database);
        await Eventually(() => Calls(plane.Database), now => now > calls);
        await Execute(plane.Database, "drop function instead.pg_current_wal_lsn()");
        await Eventually(
            async () => (await plane.Providers.ListProvidersAsync(new(), plane.Admin, cancellationToken: Ct)).Providers,
            p => p.Count > 0
        );
        await plane.CreateProvider("west", Ct);

        Assert.Equal((StatusCode.Unavailable, ErrorReasons.StoreUnavailable), (refused.StatusCode, Reason(refused)));
        Assert.Equal("west", (await watch.Next(Ct)).Provider.Name);
    }

    /// <summary>Rather than run on and tell watches nothing, nor agents what other replicas have changed.</summary>
    [Fact]
    public async Task A_replica_whose_reader_of_the_feed_fails_for_good_stops()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);

        await Instead(
            plane.Database,
            """
            pg_current_snapshot() returns pg_snapshot language plpgsql as
            $$ begin raise exception 'no such thing' using errcode = 'XX000'; end $$
            """
        );

        var lifetime = plane.Services.GetRequiredService<IHostApplicationLifetime>();
        await Eventually(() => Task.FromResult(lifetime.ApplicationStopping.IsCancellationRequested), stops => stops);
    }

    private static async Task Cordon(TestControlPlane plane, string reason) =>
        await plane.Providers.CordonProviderAsync(
            new() { Provider = "west", Reason = reason },
            plane.Admin,
            cancellationToken: Ct
        );

    /// <summary>
    /// Every new connection calls this function in place of PostgreSQL's own; those that are open are cut.
    /// </summary>
    private static async Task Instead(string database, string function) =>
        await Execute(
            database,
            $"""
            create schema instead;
            create sequence instead.calls;
            create function instead.{function};
            do $do$ begin
                execute format('alter database %I set search_path = instead, pg_catalog, public', current_database());
            end $do$;
            select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and pid <> pg_backend_pid()
            """
        );

    private static async Task<long> Calls(string database)
    {
        await using var source = NpgsqlDataSource.Create(database);
        await using var command = source.CreateCommand("select last_value from instead.calls");
        return (long)(await command.ExecuteScalarAsync(Ct))!;
    }

    private static async Task Execute(string database, string sql)
    {
        await using var connection = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(database) { Pooling = false }.ConnectionString
        );
        await connection.OpenAsync(Ct);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(Ct);
    }
}
