using Coder.Mesh.ControlPlane.Feed;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Tests.Support.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Tests.Watches;

/// <summary>A database that was restored.</summary>
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
        var list = await plane.Providers.ListProvidersAsync(new(), plane.Admin, cancellationToken: Ct);
        using var watch = await WatchProbe.Providers(plane, Ct, new() { ResumeToken = list.ResumeToken });

        await plane.Providers.CordonProviderAsync(
            new() { Provider = "west", Reason = "why" },
            plane.Admin,
            cancellationToken: Ct
        );

        Assert.Equal("why", (await watch.Next(Ct)).Provider.Cordon?.Reason);
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
